// See loader_list.hpp. LdrEnumerateLoadedModules has been there since Windows XP, but no header declares it.
// EnumProcessModules, which one does, takes no lock: what it lists may be unmapped before it is looked at.
#include "windows/loader_list.hpp"

extern "C" NTSTATUS NTAPI LdrEnumerateLoadedModules(ULONG reserved,
                                                    void(NTAPI* visit)(LDR_DATA_TABLE_ENTRY*, void*, BOOLEAN*),
                                                    void* argument);

namespace heddle::port {
namespace {

struct Visit {
  void (*visit)(const LoadedModule& module, void* argument);
  void* argument;
};

// The loader's code may call with a stack that is aligned to 4 bytes only (386).
[[gnu::force_align_arg_pointer]] void NTAPI visit_entry(LDR_DATA_TABLE_ENTRY* entry, void* argument, BOOLEAN*) {
  const auto& [visit, visit_argument] = *static_cast<const Visit*>(argument);
  visit({static_cast<char*>(entry->DllBase), &entry->FullDllName}, visit_argument);
}

}  // namespace

const IMAGE_NT_HEADERS& LoadedModule::headers() const {
  const auto* dos_header = reinterpret_cast<const IMAGE_DOS_HEADER*>(base);
  return *reinterpret_cast<const IMAGE_NT_HEADERS*>(base + dos_header->e_lfanew);
}

void for_each_module(void (*visit)(const LoadedModule& module, void* argument), void* argument) {
  Visit state{visit, argument};
  LdrEnumerateLoadedModules(0, visit_entry, &state);
}

}  // namespace heddle::port
