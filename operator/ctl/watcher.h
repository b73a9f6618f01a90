// Watches that outlive their connection: they are taken up again, without a gap, on the next one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ctl/client.h"

namespace keelson::ctl {

// What a watch tells: a response of the server, or one made here when the watch was refused or
// lost. `end` says why the watch is over and is empty while it goes on.
struct WatchUpdate {
  pb::WatchResponse response;
  std::string end;
};

// Several watches on one stream. The handlers run on the stream's thread.
class Watcher {
 public:
  using Handler = std::function<void(const WatchUpdate&)>;

  // With `needs_leader` the watches end when the member sees no leader, instead of waiting for one.
  // The client must live as long as the watcher.
  explicit Watcher(Client& client, bool needs_leader = true);
  // Ends all watches; waits for a handler that runs.
  ~Watcher();

  // Starts a watch. A range that the server refuses is told to the handler.
  void add(const pb::WatchCreateRequest& request, Handler handler);
  // Asks the server to tell all watches how far they are.
  void request_progress();
  // Returns when no watch is left.
  void wait();

 private:
  class Stream;
  std::unique_ptr<Stream> stream_;
};

// Whether the response carries nothing but a revision.
bool is_progress(const pb::WatchResponse& response);

}  // namespace keelson::ctl
