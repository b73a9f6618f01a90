// Interaction scripts: a text of commands, each followed by everything that it makes the members
// do.
//
//   # comment
//   <command>            one or more lines
//   ----
//   <trace>              up to an empty line
//
// Commands (N, M: member numbers):
//   cluster N [key=value...]   N founders; keys: election heartbeat append_bytes inflight
//   unsynced_bytes,
//                              pre_vote=off check_quorum=off. Election timeouts are election + N -
//                              1 ticks
//   add N                      a process with an empty log
//   campaign N   tick N [times]   propose N text...   change N voter|learner|remove|update M
//   read N   transfer N M
//   deliver [N]                what is on its way (to N) now, in order; answers stay on their way
//   drop [N]                   loses it instead
//   repeat N                   what is on its way to N is there twice
//   sync N   apply N   persist N   compact N keep
//   crash N   boot N   cut N M   isolate N   heal
//   unreachable N M            N's transport reports M
//   settle                     network, disks and appliers run until nothing moves
//   status                     one line a member
//   quiet <command>            without a trace
#pragma once

#include <istream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "raft/cluster.h"
#include "raft/rng.h"
#include "raft/trace.h"

namespace keelson::raft::test {

class Script {
 public:
  // The trace of one command line.
  std::string run(const std::string& line) {
    trace_.clear();
    std::istringstream in(line);
    std::string command;
    in >> command;
    const bool quiet = command == "quiet";
    if (quiet) in >> command;
    execute(command, in);
    if (quiet) trace_.clear();
    return trace_;
  }

 private:
  void execute(const std::string& command, std::istream& in) {
    if (command == "cluster") return make(in);
    if (command == "deliver" || command == "drop") return move(command == "deliver", number(in));
    if (command == "repeat") return repeat(number(in));
    if (command == "heal") return cluster().heal();
    if (command == "settle") return settle();
    if (command == "status") return status();
    const uint64_t n = number(in);
    if (command == "add") return add(MemberId(n));
    CHECK(cluster().exists(MemberId(n)));
    if (!on_member(command, MemberId(n), in)) on_disk(command, MemberId(n), in);
  }
  bool on_member(const std::string& command, MemberId id, std::istream& in) {
    Raft& raft = cluster().raft(id.value);
    if (command == "tick") {
      for (uint64_t i = std::max<uint64_t>(number(in), 1); i > 0; --i) cluster().tick(id);
    } else if (command == "propose") {
      propose(id, in);
    } else if (command == "change") {
      change(id, in);
    } else if (command == "read") {
      refused(cluster().read(id));
    } else if (command == "campaign" || command == "transfer" || command == "unreachable") {
      const MemberId other(number(in));
      if (command == "campaign") raft.campaign();
      if (command == "transfer") raft.transfer_leader(other);
      if (command == "unreachable") raft.report_unreachable(other);
      cluster().pump(id);
    } else {
      return false;
    }
    return true;
  }
  void on_disk(const std::string& command, MemberId id, std::istream& in) {
    Member& m = cluster().member(id);
    if (command == "sync") return cluster().sync(id);
    if (command == "apply") return cluster().apply(id);
    if (command == "persist") return m.persist();
    if (command == "compact") return m.compact(number(in));
    if (command == "crash") return cluster().crash(id);
    if (command == "isolate") return cluster().isolate(id);
    if (command == "cut") return cluster().separate(id, MemberId(number(in)));
    if (command == "boot") {
      cluster().boot(id);
      return cluster().apply(id);
    }
    CHECK(!"unknown command");
  }

  void make(std::istream& in) {
    const uint64_t founders = number(in);
    Config config;
    config.id = MemberId(1);
    std::string option;
    while (in >> option) set(config, option);
    cluster_ = std::make_unique<Cluster>(
        founders, config, 0, [](MemberId id) { return std::make_unique<FixedRng>(id.value - 1); });
    cluster_->on_output = [this](const Member& m, const Output& out) {
      trace_ += output_text(m.id(), m.raft(), out);
    };
  }
  static void set(Config& config, const std::string& option) {
    const size_t equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const std::string value = option.substr(equals + 1);
    if (key == "pre_vote") {
      config.pre_vote = value != "off";
    } else if (key == "check_quorum") {
      config.check_quorum = value != "off";
    } else if (key == "election") {
      config.election_ticks = std::stoi(value);
    } else if (key == "heartbeat") {
      config.heartbeat_ticks = std::stoi(value);
    } else if (key == "append_bytes") {
      config.append_bytes_max = std::stoull(value);
    } else if (key == "inflight") {
      config.inflight_max = static_cast<uint32_t>(std::stoul(value));
    } else {
      CHECK(key == "unsynced_bytes");
      config.unsynced_bytes_max = std::stoull(value);
    }
  }
  void add(MemberId id) {
    CHECK(id.value == cluster().members.size() + 1);
    cluster().add(id);
    cluster().boot(id);
  }
  void propose(MemberId id, std::istream& in) {
    std::vector<Payload> data;
    std::string word;
    while (in >> word) data.push_back(payload(word));
    refused(cluster().propose(id, std::move(data)));
  }
  void change(MemberId id, std::istream& in) {
    static const std::map<std::string, ConfChangeType> kTypes = {
        {"voter", ConfChangeType::kAddVoter},
        {"learner", ConfChangeType::kAddLearner},
        {"remove", ConfChangeType::kRemove},
        {"update", ConfChangeType::kUpdate}};
    std::string type;
    in >> type;
    refused(cluster().change(id, {kTypes.at(type), MemberId(number(in))}));
  }
  void refused(const Status& status) {
    if (!status.ok()) trace_ += "refused: " + status.text() + "\n";
  }
  void move(bool deliver, uint64_t to) {
    size_t at = 0;
    for (size_t left = cluster().network.size(); left > 0; --left) {
      const Message& m = cluster().network[at].message;
      if (to != 0 && m.to != MemberId(to)) {
        ++at;
        continue;
      }
      trace_ += (deliver ? "" : "lost: ") + message_text(m) + "\n";
      deliver ? cluster().deliver(at) : cluster().drop(at);
    }
  }
  void repeat(uint64_t to) {
    const std::vector<Packet> now = cluster().network;
    for (const Packet& packet : now) {
      if (packet.message.to == MemberId(to)) cluster().network.push_back(packet);
    }
  }
  void settle() {
    for (bool moved = true; moved;) {
      moved = !cluster().network.empty();
      while (!cluster().network.empty()) move(true, 0);
      for (const auto& m : cluster().members) {
        if (!m->up()) continue;
        moved |= !m->queue.empty() || m->may_apply();
        if (!m->queue.empty()) cluster().sync(m->id());
        cluster().apply(m->id());
      }
    }
  }
  void status() {
    for (const auto& m : cluster().members) trace_ += status_text(*m);
  }
  static uint64_t number(std::istream& in) {
    uint64_t n = 0;
    in >> n;
    return n;
  }
  Cluster& cluster() {
    CHECK(cluster_ != nullptr);
    return *cluster_;
  }

  std::unique_ptr<Cluster> cluster_;
  std::string trace_;
};

}  // namespace keelson::raft::test
