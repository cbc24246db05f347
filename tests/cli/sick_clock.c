/* A provider of the clock that is ill, for the doctor to find: it runs backwards or, with SICK_CLOCK_ABORTS, ends the
 * process. */
#include <heddle/port/port.h>
#include <heddle/port/vdso_caller.h>
#include <stdlib.h>
#include <string.h>

static int64_t HEDDLE_CALL monotonic_ns(void) {
  static int64_t now = INT64_C(1) << 60;
#ifdef SICK_CLOCK_ABORTS
  abort();
#endif
  return now -= 1000;
}

static int64_t HEDDLE_CALL realtime_ns(void) {
  return 0;
}

static int32_t HEDDLE_CALL contains(uintptr_t pc) {
  (void)pc;
  return 0;
}

static void* HEDDLE_CALL symbol(const char* name) {
  (void)name;
  return NULL;
}

static int32_t HEDDLE_CALL open_port(const HeddleHost* host) {
  (void)host;
  return HEDDLE_OK;
}

static void HEDDLE_CALL close_port(void) {}

static const void* HEDDLE_CALL get_interface(const char* iid) {
  static const HeddleVdsoCaller clock = {
      sizeof(HeddleVdsoCaller), 0, "sick", monotonic_ns, realtime_ns, contains, symbol};
  return strncmp(iid, HEDDLE_VDSO_CALLER_IID, strlen(HEDDLE_VDSO_CALLER_IID)) == 0 ? &clock : NULL;
}

HEDDLE_PORT_EXPORT const HeddlePort* HEDDLE_CALL heddle_port_query(uint32_t core_abi_version) {
  static const char* const interfaces[] = {HEDDLE_VDSO_CALLER_IID, NULL};
  static const HeddlePort port = {.magic = HEDDLE_PORT_MAGIC,
                                  .abi_version = HEDDLE_ABI_VERSION,
                                  .struct_size = sizeof(HeddlePort),
                                  .id = "sick-clock",
                                  .os = "any",
                                  .arch = "any",
                                  .version = "1",
                                  .interfaces = interfaces,
                                  .open = open_port,
                                  .close = close_port,
                                  .get_interface = get_interface};
  (void)core_abi_version;
  return &port;
}
