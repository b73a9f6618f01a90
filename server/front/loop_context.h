// What all connections of one client loop share. Loop thread only, but for what says otherwise.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "front/call_table.h"
#include "front/front_limits.h"
#include "front/http_handler.h"
#include "front/settings.h"
#include "front/timer_wheel.h"
#include "io/event_loop.h"
#include "rpc/call.h"

namespace keelson::front {

class GrpcCall;

struct LoopContext {
  LoopContext(io::EventLoop& event_loop, int loop_index, rpc::Services& rpc_services,
              HttpHandler& http_handler, const Settings& front_settings, const Clock& wall_clock,
              Log& front_log);
  ~LoopContext();

  io::EventLoop& loop;
  const int index;
  rpc::Services& services;
  HttpHandler& http;
  const Settings& settings;
  const Clock& clock;
  Log& log;

  TimerWheel call_timers;
  TimerWheel connection_timers;
  CallTable calls;

  // Calls whose parked output fell below the mark in this turn's flush, by number.
  std::vector<uint64_t> drained;

  // Handlers and calls end inside their own methods; they are destroyed at the end of the turn.
  std::unique_ptr<GrpcCall> take_call();
  void bury(std::unique_ptr<rpc::Handler> handler) { dead_handlers_.push_back(std::move(handler)); }
  void bury(std::unique_ptr<GrpcCall> call);
  void tell_drained();
  void clear_dead();

 private:
  std::vector<std::unique_ptr<rpc::Handler>> dead_handlers_;
  std::vector<std::unique_ptr<GrpcCall>> dead_calls_;
  std::vector<std::unique_ptr<GrpcCall>> free_calls_;
};

}  // namespace keelson::front
