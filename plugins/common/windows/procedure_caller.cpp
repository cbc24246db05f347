// See procedure_caller.hpp. The call itself is the processor's business: procedure.S of each port.
#include "windows/procedure_caller.hpp"

#include <cstring>

#include "machine.h"
#include "windows/loader_list.hpp"

namespace heddle::port {
namespace {

// What a name may not have in it: folders, and a drive or a stream, which a colon is for.
constexpr const char* kPathCharacters = "\\/:";

int32_t load_library(const char* name, void** library, uint32_t* error) {
  wchar_t wide[MAX_PATH];
  if (*name == '\0' || strpbrk(name, kPathCharacters) != nullptr) return HEDDLE_E_INVALID;
  if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, wide, MAX_PATH) == 0) return HEDDLE_E_INVALID;
  const HMODULE module = LoadLibraryExW(wide, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  *library = module;
  if (module != nullptr) return HEDDLE_OK;
  *error = GetLastError();
  return HEDDLE_E_OS;
}

int32_t get_proc_address(void* library, const char* name, void** procedure, uint32_t* error) {
  *procedure = find_function<void*>(static_cast<HMODULE>(library), name);
  if (*procedure != nullptr) return HEDDLE_OK;
  *error = GetLastError();
  return HEDDLE_E_OS;
}

double floating_result(const HeddleProcedureCall& request) {
  if (request.result == HEDDLE_PROCEDURE_DOUBLE) return request.floating;
  if (request.result != HEDDLE_PROCEDURE_FLOAT) return 0;
  float value = 0;
  memcpy(&value, &request.floating, sizeof value);
  return static_cast<double>(value);
}

int32_t call(HeddleProcedureCall* request) {
  if (request->count > HEDDLE_PROCEDURE_MAX_WORDS) return HEDDLE_E_INVALID;
  heddle_call_procedure(request);
  request->floating = floating_result(*request);
  return HEDDLE_OK;
}

uint32_t get_last_error() {
  return GetLastError();
}

void set_last_error(uint32_t error) {
  SetLastError(error);
}

}  // namespace

const HeddleProcedureCaller procedure_caller{
    sizeof(HeddleProcedureCaller), 0, load_library, get_proc_address, call, get_last_error, set_last_error};

}  // namespace heddle::port
