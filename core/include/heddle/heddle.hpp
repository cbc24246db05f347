// All of Heddle's public API.
#pragma once

#include <heddle/barrier.hpp>
#include <heddle/channel.hpp>
#include <heddle/clock.hpp>
#include <heddle/condition_variable.hpp>
#include <heddle/config.hpp>
#include <heddle/error.hpp>
#include <heddle/fiber.hpp>
#include <heddle/fiber_local.hpp>
#include <heddle/latch.hpp>
#include <heddle/mutex.hpp>
#include <heddle/once.hpp>
#include <heddle/run.hpp>
#include <heddle/select.hpp>
#include <heddle/semaphore.hpp>
#include <heddle/shared_mutex.hpp>
#include <heddle/stats.hpp>
#include <heddle/this_fiber.hpp>
#include <heddle/timer.hpp>
#include <heddle/wait_group.hpp>
