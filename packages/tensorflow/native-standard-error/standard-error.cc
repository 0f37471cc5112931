// Puts the process's standard error aside and back: Node has no dup(2).
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

namespace {

// silence(): standard error goes nowhere. Gives what restore takes, -1 where there is no standard error.
napi_value Silence(napi_env env, napi_callback_info) {
  const int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (copy != -1) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere != -1) {
      dup2(nowhere, STDERR_FILENO);
      close(nowhere);
    }
  }
  napi_value result;
  napi_create_int32(env, copy, &result);
  return result;
}

// restore(copy)
napi_value Restore(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t copy = -1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (count == 1) napi_get_value_int32(env, argument, &copy);
  if (copy != -1) {
    dup2(copy, STDERR_FILENO);
    close(copy);
  }
  return nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"silence", nullptr, Silence, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"restore", nullptr, Restore, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
