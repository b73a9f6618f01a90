#include "peer/metrics.h"

#include "base/bytes.h"

namespace keelson::peer {

SendMetrics Metrics::sending(MemberId to) {
  const Labels labels{{"To", hex(to.value)}};
  return {registry_.counter("etcd_network_peer_sent_bytes_total",
                            "The total number of bytes sent to peers.", labels),
          registry_.counter("etcd_network_peer_sent_failures_total",
                            "The total number of send failures from peers.", labels)};
}

Counter& Metrics::received_bytes(MemberId from) {
  return registry_.counter("etcd_network_peer_received_bytes_total",
                           "The total number of bytes received from peers.",
                           {{"From", hex(from.value)}});
}

Counter& Metrics::received_failures(const std::string& from) {
  return registry_.counter("etcd_network_peer_received_failures_total",
                           "The total number of receive failures from peers.", {{"From", from}});
}

Histogram& Metrics::round_trip(MemberId to) {
  return registry_.histogram("etcd_network_peer_round_trip_time_seconds",
                             "Round-Trip-Time histogram between peers", 0.0001, 2, 16,
                             {{"To", hex(to.value)}});
}

Gauge& Metrics::active(MemberId local, MemberId remote) {
  return registry_.gauge("etcd_network_active_peers",
                         "The current number of active peer connections.",
                         {{"Local", hex(local.value)}, {"Remote", hex(remote.value)}});
}

Counter& Metrics::disconnected(MemberId local, MemberId remote) {
  return registry_.counter("etcd_network_disconnected_peers_total",
                           "The total number of disconnected peers.",
                           {{"Local", hex(local.value)}, {"Remote", hex(remote.value)}});
}

Metrics::Snapshots Metrics::snapshots(const std::string& direction, const Labels& labels) {
  const std::string prefix = "etcd_network_snapshot_" + direction + "_";
  const std::string what = "snapshot " + direction + "s";
  return {
      registry_.counter(prefix + "success", "Total number of successful " + what, labels),
      registry_.counter(prefix + "failures", "Total number of " + what + " that failed", labels),
      registry_.gauge(prefix + "inflights_total", "Total number of inflight " + what, labels),
      registry_.histogram(prefix + "total_duration_seconds",
                          "Total latency distributions of v3 " + what, 0.1, 2, 10, labels)};
}

Metrics::Snapshots Metrics::snapshots_sent(MemberId to) {
  return snapshots("send", {{"To", hex(to.value)}});
}
Metrics::Snapshots Metrics::snapshots_received(const std::string& from) {
  return snapshots("receive", {{"From", from}});
}

}  // namespace keelson::peer
