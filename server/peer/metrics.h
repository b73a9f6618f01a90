// The peer port's metrics, under etcd's names (reference metrics.md). Thread-safe.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/metrics.h"

namespace keelson::peer {

// The sending side of one member: pointers for the hot path.
struct SendMetrics {
  Counter& bytes;
  Counter& failures;
};

class Metrics {
 public:
  explicit Metrics(Registry& registry) : registry_(registry) {}

  SendMetrics sending(MemberId to);
  Counter& received_bytes(MemberId from);
  // `from` is a member in hex, or the remote address of who is no member yet.
  Counter& received_failures(const std::string& from);
  Histogram& round_trip(MemberId to);
  Gauge& active(MemberId local, MemberId remote);
  Counter& disconnected(MemberId local, MemberId remote);

  // "send" or "receive", and the label of the other side.
  struct Snapshots {
    Counter& success;
    Counter& failures;
    Gauge& inflight;
    Histogram& seconds;
  };
  Snapshots snapshots_sent(MemberId to);
  Snapshots snapshots_received(const std::string& from);

 private:
  Snapshots snapshots(const std::string& direction, const Labels& labels);

  Registry& registry_;
};

}  // namespace keelson::peer
