// The seam between a connection (bytes, TLS, sockets) and a protocol spoken on it. Loop thread
// only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keelson::front {

// The connection as its session sees it.
class Link {
 public:
  virtual ~Link() = default;
  // The session has output or wants to end: flush at the end of the turn.
  virtual void wants_flush() = 0;
  // Input is (not) read from the socket any more.
  virtual void pause_input(bool paused) = 0;
  virtual std::string_view peer() const = 0;
  virtual std::string_view certificate_name() const = 0;
  virtual bool secure() const = 0;
};

class Session {
 public:
  virtual ~Session() = default;
  // Bytes from the peer, decrypted. What they caused to be sent is fetched by output().
  virtual void input(std::string_view bytes) = 0;
  // The peer will send nothing more. False: close at once; true: when finished().
  virtual bool input_end() = 0;
  // Appends what can be sent now, up to about `limit` bytes; nothing when nothing is ready.
  virtual void output(std::string& out, size_t limit) = 0;
  // Nothing more will be sent or understood: close once the output has left.
  virtual bool finished() const = 0;
  // The peer is dead or broke the rules: what it still reads it gets, but nobody waits for it.
  virtual bool failed() const { return false; }
  // Says goodbye: what runs may end, nothing new begins; finished() when all has ended.
  virtual void drain() = 0;
  // The connection is gone: cancels what runs. Nothing of the link is called afterwards.
  virtual void closed() = 0;
};

}  // namespace keelson::front
