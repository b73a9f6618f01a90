// The other members and who was removed, for the sender's thread and the loop alike.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "peer/peer.h"
#include "peer/router.h"

namespace keelson::peer {

class Roster final : public PeerTable {
 public:
  explicit Roster(Context& context) : context_(context) {}

  // Any thread:
  std::shared_ptr<Peer> find(MemberId member) override;  // members alone
  bool removed(MemberId member) override;
  std::shared_ptr<Peer> destination(MemberId member);  // learned senders, too
  std::vector<std::shared_ptr<Peer>> all();
  // The loop follows with settle().
  void set_peers(std::vector<node::PeerAddress> peers);
  void set_removed(std::vector<MemberId> removed);

  // The loop's:
  void learn(MemberId member, std::string_view urls) override;
  void start();   // from now on members are dialed
  void settle();  // starts who is new, stops who is gone
  void stop();

 private:
  using Peers = std::map<MemberId, std::shared_ptr<Peer>>;

  Context& context_;
  Mutex mutex_;
  Peers members_ GUARDED_BY(mutex_);
  Peers remotes_ GUARDED_BY(mutex_);
  std::map<MemberId, std::vector<std::string>> urls_ GUARDED_BY(mutex_);
  std::set<MemberId> removed_ GUARDED_BY(mutex_);

  // The loop's:
  bool serving_ = false;
  std::set<std::shared_ptr<Peer>> started_;
  std::map<MemberId, std::vector<std::string>> known_urls_;
};

}  // namespace keelson::peer
