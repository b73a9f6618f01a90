// The Watch service: one stream with any number of watchers, matched by its loop's hub.
#pragma once

#include <memory>

#include "rpc/stream.h"

namespace keelson::rpc {

std::unique_ptr<Handler> make_watch(Loop& loop, Call& call);

}  // namespace keelson::rpc
