// The modules that the loader has mapped into this process, with their PE headers.
#pragma once

#include <windows.h>
#include <winternl.h>

namespace heddle::port {

struct LoadedModule {
  char* base;
  const UNICODE_STRING* path;

  const IMAGE_NT_HEADERS& headers() const;
};

// Calls visit for every module, under the loader's lock: none of them goes away meanwhile, none is added.
void for_each_module(void (*visit)(const LoadedModule& module, void* argument), void* argument);

// A function that a module exports, null when it does not.
template <typename Function>
Function find_function(HMODULE module, const char* name) {
  return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(module, name)));
}

}  // namespace heddle::port
