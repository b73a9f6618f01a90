// A listening socket on the first client loop: accepts and hands connections out.
#pragma once

#include <functional>
#include <string>

#include "base/log.h"
#include "front/front_limits.h"
#include "front/settings.h"
#include "io/event_loop.h"
#include "io/socket.h"

namespace keelson::front {

class Listener final : public io::FdHandler {
 public:
  // Takes a new connection; false: no room for it now (nothing was taken).
  class Taker {
   public:
    virtual ~Taker() = default;
    virtual bool has_room() const = 0;
    virtual void take(io::Accepted&& accepted, Listener& listener) = 0;
  };

  Listener(io::EventLoop& loop, io::Fd fd, Port port, std::string unix_path, Taker& taker,
           Log& log);
  ~Listener() override;

  // Loop thread, or before the loop runs.
  void resume();
  void close();

  void on_ready(uint32_t epoll_events) override;
  Port port() const { return port_; }
  int fd() const { return fd_.get(); }
  std::string address() const { return io::bound_address(fd_.get()); }

 private:
  void pause();
  void failed(int error);

  io::EventLoop& loop_;
  io::Fd fd_;
  const Port port_;
  const std::string unix_path_;  // removed at the end
  Taker& taker_;
  Log& log_;
  bool watching_ = false;
  io::TimerId retry_ = 0;
};

}  // namespace keelson::front
