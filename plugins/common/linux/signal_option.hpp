// Which signal preempts: the setting "/preempter/signal" of runtime.json.
#pragma once

namespace heddle::port {

// The number of a signal given as text: "SIGUSR2", "SIGRTMIN+3", "42" or "default" (SIGURG); null is "default".
// Negative when the text names none, or one that cannot serve; the log says which and why.
int parse_preemption_signal(const char* text);

}  // namespace heddle::port
