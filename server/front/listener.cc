#include "front/listener.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace keelson::front {

Listener::Listener(io::EventLoop& loop, io::Fd fd, Port port, std::string unix_path, Taker& taker,
                   Log& log)
    : loop_(loop),
      fd_(std::move(fd)),
      port_(port),
      unix_path_(std::move(unix_path)),
      taker_(taker),
      log_(log) {}

Listener::~Listener() { close(); }

void Listener::resume() {
  if (watching_ || !fd_.valid()) return;
  watching_ = true;
  loop_.add(fd_.get(), EPOLLIN, this);
}

void Listener::pause() {
  if (!std::exchange(watching_, false)) return;
  loop_.remove(fd_.get());
}

void Listener::close() {
  if (!fd_.valid()) return;
  pause();
  if (retry_ != 0) loop_.cancel(std::exchange(retry_, 0));
  fd_.reset();
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

void Listener::on_ready(uint32_t) {
  for (int i = 0; i < limits::kAcceptsPerTurn; i++) {
    // Without room the backlog waits; whoever closes a connection resumes us.
    if (!taker_.has_room()) return pause();
    io::Accepted accepted = io::accept_next(fd_.get());
    if (!accepted.fd.valid()) return failed(accepted.error);
    taker_.take(std::move(accepted), *this);
  }
}

void Listener::failed(int error) {
  // The client gave up before it was accepted, or there is nobody.
  if (error == EAGAIN || error == ECONNABORTED || error == EINTR || error == EPROTO) return;
  log_.warn("failed to accept a client connection", {{"error", std::strerror(error)}});
  pause();
  retry_ = loop_.call_at(loop_.now() + limits::kAcceptPause, [this] {
    retry_ = 0;
    resume();
  });
}

}  // namespace keelson::front
