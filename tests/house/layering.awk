# Reads rooms.txt, then sources, and prints each #include that the table does not allow as FILE:LINE: SENTENCE.
# Paths are relative to the root of the project.

BEGIN {
  names = "algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale" \
          " cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib" \
          " cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional future" \
          " initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex" \
          " new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex" \
          " source_location span sstream stack stdexcept stop_token streambuf string string_view strstream syncstream system_error" \
          " thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version"
  count = split(names, list, " ")
  for (i = 1; i <= count; i++) standard[list[i]] = 1
}

FILENAME ~ /rooms\.txt$/ {
  if ($0 !~ /^#/ && NF > 0) {
    allowed[$1] = $0
    sub(/^[^ ]+ */, "", allowed[$1])
  }
  next
}

FNR == 1 {
  room = ""
  if (FILENAME ~ /^core\/src\//) {
    split(FILENAME, part, "/")
    room = part[3]
    if (!(room in allowed)) complain(room " is no room of rooms.txt: give it a row.")
  } else if (FILENAME ~ /^core\/include\/heddle\/port\//) room = "abi"
  else if (FILENAME ~ /^core\/include\//) room = "public"
  else if (FILENAME ~ /^plugins\/split_stack\//) room = "split_stack"
  else if (FILENAME ~ /^plugins\//) room = "plugin"
}

room != "" && /^[ \t]*#[ \t]*include[ \t]/ {
  header = $0
  sub(/^[ \t]*#[ \t]*include[ \t]+/, "", header)
  quoted = substr(header, 1, 1) == "\""
  header = substr(header, 2)
  sub(/[">].*/, "", header)
  if (room == "plugin") check_plugin(header, quoted)
  else if (room in allowed) check_core(header, quoted)
}

function complain(sentence) { print FILENAME ":" FNR ": " sentence }

# What the header is in the words of rooms.txt: a room, std, public, abi, or the header itself.
function kind_of(header, quoted,   first) {
  first = header
  if (sub(/\/.*/, "", first) == 0) first = ""
  if (header ~ /^heddle\/port\//) return "abi"
  if (first == "heddle") return "public"
  if (quoted) return first
  return header in standard ? "std" : header
}

function check_core(header, quoted,   kind, words, n, i) {
  kind = kind_of(header, quoted)
  if (room == "abi" && quoted && header !~ /\//) return
  if (quoted && (kind == "" || !(kind in allowed))) {
    complain("\"" header "\" does not begin with a room: write \"room/file.hpp\", or <…> for a library.")
    return
  }
  if (kind == room) return
  n = split(allowed[room], words, " ")
  for (i = 1; i <= n; i++) {
    if (words[i] == kind) return
    if (words[i] ~ /[\/.]/ && index(header, words[i]) == 1) return
  }
  complain("room " room " may not include " header "; it may include: " allowed[room] ".")
}

function check_plugin(header, quoted,   kind) {
  kind = kind_of(header, quoted)
  if (kind == "public" || (quoted && kind in allowed))
    complain("a port may not include " header ": of the core it sees the ABI alone, <heddle/port/…>.")
}
