// nearest: the name that somebody who mistyped one probably meant.
#pragma once

#include <heddle/api.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::config {

/// How many single letters must be inserted, removed, replaced or swapped with their neighbour to make `b` of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, the first among equals; empty when none is near. Near are two edits, and one edit
/// for every three letters: "root" is not a misspelt "port".
HEDDLE_API_FUNCTION std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace heddle::config
