// TlsProvider of Windows: the slot comes from TlsAlloc and is read by tls.S; this is what surrounds it.
#pragma once

#include <heddle/port/tls_provider.h>

namespace heddle::port {

extern const HeddleTlsProvider tls_provider;

// Takes the slot, and one for the function that is to be told of a thread's end.
void open_thread_binding();
void close_thread_binding();

}  // namespace heddle::port
