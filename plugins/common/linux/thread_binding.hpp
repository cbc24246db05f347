// TlsProvider of Linux: the slot is the port's own thread-local word (tls.S); this is what surrounds it.
#pragma once

#include <heddle/port/tls_provider.h>

namespace heddle::port {

extern const HeddleTlsProvider tls_provider;

// Makes the pthread key through which thread exit is told. REQUIRES: called from open.
int32_t open_thread_binding();
void close_thread_binding();

}  // namespace heddle::port
