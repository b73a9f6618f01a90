#include "peer/roster.h"

#include "peer/peer_limits.h"

namespace keelson::peer {

std::shared_ptr<Peer> Roster::find(MemberId member) {
  MutexLock hold(mutex_);
  const auto it = members_.find(member);
  return it == members_.end() ? nullptr : it->second;
}

std::shared_ptr<Peer> Roster::destination(MemberId member) {
  MutexLock hold(mutex_);
  const auto it = members_.find(member);
  if (it != members_.end()) return it->second;
  const auto remote = remotes_.find(member);
  return remote == remotes_.end() ? nullptr : remote->second;
}

bool Roster::removed(MemberId member) {
  MutexLock hold(mutex_);
  return removed_.contains(member);
}

std::vector<std::shared_ptr<Peer>> Roster::all() {
  MutexLock hold(mutex_);
  std::vector<std::shared_ptr<Peer>> peers;
  for (const Peers* part : {&members_, &remotes_}) {
    for (const auto& [id, peer] : *part) peers.push_back(peer);
  }
  return peers;
}

void Roster::set_peers(std::vector<node::PeerAddress> peers) {
  MutexLock hold(mutex_);
  Peers members;
  urls_.clear();
  for (const node::PeerAddress& address : peers) {
    const auto old = members_.find(address.id);
    members[address.id] =
        old != members_.end()
            ? old->second
            : std::make_shared<Peer>(context_, address.id, address.urls, PeerRole::kMember);
    remotes_.erase(address.id);
    urls_[address.id] = address.urls;
  }
  members_ = std::move(members);
}

void Roster::set_removed(std::vector<MemberId> removed) {
  MutexLock hold(mutex_);
  removed_ = {removed.begin(), removed.end()};
  for (const MemberId member : removed) remotes_.erase(member);
}

void Roster::learn(MemberId member, std::string_view urls) {
  std::vector<std::string> list;
  while (!urls.empty()) {
    const size_t comma = std::min(urls.find(','), urls.size());
    list.emplace_back(urls.substr(0, comma));
    urls.remove_prefix(std::min(comma + 1, urls.size()));
  }
  std::shared_ptr<Peer> remote;
  {
    MutexLock hold(mutex_);
    if (member == context_.identity.member || members_.contains(member) ||
        remotes_.contains(member) || removed_.contains(member))
      return;
    if (remotes_.size() >= limits::kRemotes) remotes_.erase(remotes_.begin());
    remote = std::make_shared<Peer>(context_, member, list, PeerRole::kRemote);
    remotes_[member] = remote;
  }
  settle();
}

void Roster::start() {
  serving_ = true;
  settle();
}

void Roster::settle() {
  if (!serving_) return;
  std::map<MemberId, std::vector<std::string>> urls;
  {
    MutexLock hold(mutex_);
    urls = urls_;
  }
  const std::vector<std::shared_ptr<Peer>> current = all();
  const std::set<std::shared_ptr<Peer>> wanted(current.begin(), current.end());
  for (auto it = started_.begin(); it != started_.end();) {
    if (wanted.contains(*it)) {
      ++it;
      continue;
    }
    (*it)->stop();
    it = started_.erase(it);
  }
  for (const auto& peer : wanted) {
    const auto now = urls.find(peer->id());
    const auto before = known_urls_.find(peer->id());
    if (started_.insert(peer).second) {
      peer->start();
    } else if (now != urls.end() && before != known_urls_.end() && now->second != before->second) {
      peer->set_urls(now->second);
    }
  }
  known_urls_ = std::move(urls);
}

void Roster::stop() {
  serving_ = false;
  for (const auto& peer : started_) peer->stop();
  started_.clear();
}

}  // namespace keelson::peer
