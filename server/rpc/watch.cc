#include "rpc/watch.h"

#include "rpc/errors.h"

namespace keelson::rpc {

std::unique_ptr<Handler> make_watch(Loop&, Call& call) {
  call.finish(errors::not_in_this_release("watch"));
  return nullptr;
}

}  // namespace keelson::rpc
