// Protobuf output: the message's bytes as they are, without a newline.
#include "ctl/printers/printer.h"

namespace keelson::ctl {
namespace {

class ProtobufPrinter : public Printer {
 public:
  using Printer::Printer;
  std::string format() const override { return "protobuf"; }

  Status message(const google::protobuf::Message& response) override {
    console_.out(response.SerializeAsString());
    return {};
  }

  Status watch(const pb::WatchResponse& response) override {
    pb::WatchResponse shown;
    if (response.has_header()) *shown.mutable_header() = response.header();
    *shown.mutable_events() = response.events();
    shown.set_compact_revision(response.compact_revision());
    shown.set_canceled(response.canceled());
    shown.set_created(response.created());
    return message(shown);
  }

  // etcdctl 3.7 writes only the header of lease answers, and has no form for a revocation.
  Status lease_granted(const pb::LeaseGrantResponse& r) override { return message(r.header()); }
  Status lease_kept(const pb::LeaseKeepAliveResponse& r) override { return message(r.header()); }
  Status lease_life(const pb::LeaseTimeToLiveResponse& r, bool) override {
    return message(r.header());
  }
  Status leases(const pb::LeaseLeasesResponse& r) override { return message(r.header()); }
  Status lease_revoked(int64_t, const pb::LeaseRevokeResponse&) override {
    return Failure{kExitBadFeature, "marshal unsupported for type *clientv3.LeaseRevokeResponse"};
  }
};

}  // namespace

std::unique_ptr<Printer> make_protobuf_printer(Console& console) {
  return std::make_unique<ProtobufPrinter>(console);
}

}  // namespace keelson::ctl
