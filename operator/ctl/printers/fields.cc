// Fields output: `"Name" : value`, one a line.
#include "ctl/go_number.h"
#include "ctl/go_quote.h"
#include "ctl/printers/printer.h"
#include "ctl/printers/rows.h"

namespace keelson::ctl {
namespace {

// The lines of one answer.
class Fields {
 public:
  explicit Fields(bool hex_ids) : hex_ids_(hex_ids) {}

  Fields& add(const std::string& name, const std::string& value) {
    text_ += "\"" + name + "\" : " + value + "\n";
    return *this;
  }
  Fields& quoted(const std::string& name, const std::string& value) {
    return add(name, go_quote(value));
  }
  template <class Number>
  Fields& number(const std::string& name, Number value) {
    return add(name, std::to_string(value));
  }
  Fields& flag(const std::string& name, bool value) { return add(name, value ? "true" : "false"); }
  // Cluster and member IDs.
  Fields& id(const std::string& name, uint64_t value) {
    return add(name, hex_ids_ ? hex(value) : std::to_string(value));
  }
  // Lease IDs, which are signed and zero padded.
  Fields& lease(const std::string& name, int64_t value) {
    return add(name, hex_ids_ ? hex16(static_cast<uint64_t>(value)) : std::to_string(value));
  }
  Fields& blank() {
    text_ += "\n";
    return *this;
  }

  Fields& header(const pb::ResponseHeader& header) {
    id("ClusterID", header.cluster_id()).id("MemberID", header.member_id());
    if (header.revision() > 0) number("Revision", header.revision());
    return number("RaftTerm", header.raft_term());
  }

  Fields& pair(const std::string& prefix, const mvccpb::KeyValue& kv) {
    quoted(prefix + "Key", kv.key());
    number(prefix + "CreateRevision", kv.create_revision());
    number(prefix + "ModRevision", kv.mod_revision());
    number(prefix + "Version", kv.version());
    return quoted(prefix + "Value", kv.value()).lease(prefix + "Lease", kv.lease());
  }

  const std::string& text() const { return text_; }

 private:
  bool hex_ids_;
  std::string text_;
};

const pb::ResponseHeader& header_of(const google::protobuf::Message& response) {
  const auto* field = response.GetDescriptor()->FindFieldByName("header");
  const auto& header = response.GetReflection()->GetMessage(response, field);
  return static_cast<const pb::ResponseHeader&>(header);
}

void add_status(Fields* out, const EndpointStatus& entry) {
  const pb::StatusResponse& status = entry.status;
  std::vector<std::string> errors(status.errors().begin(), status.errors().end());
  out->header(status.header()).quoted("Version", status.version());
  out->quoted("StorageVersion", status.storageversion());
  out->number("DBSize", status.dbsize()).number("DBSizeInUse", status.dbsizeinuse());
  out->number("DBSizeQuota", status.dbsizequota()).number("Leader", status.leader());
  out->flag("IsLearner", status.islearner()).number("RaftIndex", status.raftindex());
  out->number("RaftTerm", status.raftterm());
  out->number("RaftAppliedIndex", status.raftappliedindex());
  out->add("Errors", "[" + join(errors, " ") + "]").quoted("Endpoint", entry.endpoint);
  out->quoted("DowngradeTargetVersion", status.downgradeinfo().targetversion());
  out->flag("DowngradeEnabled", status.downgradeinfo().enabled()).blank();
}

class FieldsPrinter : public Printer {
 public:
  FieldsPrinter(bool hex_ids, Console& console) : Printer(console), hex_ids_(hex_ids) {}
  std::string format() const override { return "fields"; }
  Status message(const google::protobuf::Message&) override { return unsupported(); }

  Status confirm(const google::protobuf::Message& response, const std::string&,
                 FieldsForm form) override {
    if (form == FieldsForm::kNone) return unsupported();
    return show(fields().header(header_of(response)));
  }

  Status range(const pb::RangeResponse& response) override {
    Fields out = fields();
    add_range(&out, response);
    return show(out);
  }
  Status put(const pb::PutResponse& response) override {
    Fields out = fields();
    add_put(&out, response);
    return show(out);
  }
  Status remove(const pb::DeleteRangeResponse& response) override {
    Fields out = fields();
    add_remove(&out, response);
    return show(out);
  }

  Status txn(const pb::TxnResponse& response) override {
    Fields out = fields();
    out.header(response.header()).flag("Succeeded", response.succeeded());
    for (const pb::ResponseOp& answer : response.responses()) {
      if (answer.has_response_delete_range()) {
        add_remove(&out, answer.response_delete_range());
      } else if (answer.has_response_put()) {
        add_put(&out, answer.response_put());
      } else if (answer.has_response_range()) {
        add_range(&out, answer.response_range());
      } else {
        out.quoted("Unknown", answer.ShortDebugString());
      }
    }
    return show(out);
  }

  Status watch(const pb::WatchResponse& response) override {
    Fields out = fields();
    out.header(response.header());
    for (const mvccpb::Event& event : response.events()) {
      out.add("Type", event.type() == mvccpb::Event::PUT ? "PUT" : "DELETE");
      if (event.has_prev_kv()) out.pair("Prev", event.prev_kv());
      out.pair("", event.kv());
    }
    return show(out);
  }

  Status lease_granted(const pb::LeaseGrantResponse& response) override {
    return show(lease_fields(response.header(), response.id()).number("TTL", response.ttl()));
  }
  Status lease_kept(const pb::LeaseKeepAliveResponse& response) override {
    return show(lease_fields(response.header(), response.id()).number("TTL", response.ttl()));
  }
  Status lease_revoked(int64_t, const pb::LeaseRevokeResponse& response) override {
    return show(fields().header(response.header()));
  }

  Status lease_life(const pb::LeaseTimeToLiveResponse& response, bool) override {
    Fields out = lease_fields(response.header(), response.id());
    out.number("TTL", response.ttl()).number("GrantedTTL", response.grantedttl());
    for (const std::string& key : response.keys()) out.quoted("Key", key);
    return show(out);
  }

  Status leases(const pb::LeaseLeasesResponse& response) override {
    Fields out = fields().header(response.header());
    for (const pb::LeaseStatus& lease : response.leases()) out.lease("ID", lease.id());
    return show(out);
  }

  Status members(const pb::MemberListResponse& response) override {
    Fields out = fields().header(response.header());
    for (const pb::Member& member : response.members()) {
      out.id("ID", member.id()).quoted("Name", member.name());
      for (const std::string& url : member.peerurls()) out.quoted("PeerURL", url);
      for (const std::string& url : member.clienturls()) out.quoted("ClientURL", url);
      out.flag("IsLearner", member.islearner()).blank();
    }
    return show(out);
  }

  Status health(const std::vector<EndpointHealth>& list) override {
    Fields out = fields();
    for (const EndpointHealth& entry : list) {
      out.quoted("Endpoint", entry.endpoint).flag("Health", entry.healthy);
      out.add("Took", entry.took).add("Error", entry.error).blank();
    }
    return show(out);
  }

  Status status(const std::vector<EndpointStatus>& list) override {
    Fields out = fields();
    for (const EndpointStatus& entry : list) add_status(&out, entry);
    return show(out);
  }

  Status hashes(const std::vector<EndpointHash>& list) override {
    Fields out = fields();
    for (const EndpointHash& entry : list) {
      out.header(entry.hash.header()).quoted("Endpoint", entry.endpoint);
      out.number("Hash", entry.hash.hash());
      out.number("HashRevision", entry.hash.hash_revision()).blank();
    }
    return show(out);
  }

  Status alarms(const pb::AlarmResponse& response) override {
    Fields out = fields().header(response.header());
    for (const pb::AlarmMember& alarm : response.alarms()) {
      out.id("MemberID", alarm.memberid());
      out.add("AlarmType", pb::AlarmType_Name(alarm.alarm())).blank();
    }
    return show(out);
  }

  Status role(const std::string&, const pb::AuthRoleGetResponse& response) override {
    Fields out = fields().header(response.header());
    for (const authpb::Permission& permission : response.perm()) {
      out.add("PermType", " " + authpb::Permission::Type_Name(permission.permtype()));
      out.quoted("Key", permission.key()).quoted("RangeEnd", permission.range_end());
    }
    return show(out);
  }

  Status roles(const pb::AuthRoleListResponse& response) override {
    std::string line = "\"Roles\" :";
    for (const std::string& role : response.roles()) line += " " + go_quote(role);
    console_.out(fields().header(response.header()).text() + line + "\n");
    return {};
  }

 private:
  Fields fields() const { return Fields(hex_ids_); }

  Fields lease_fields(const pb::ResponseHeader& header, int64_t lease) const {
    return fields().header(header).lease("ID", lease);
  }

  static void add_range(Fields* out, const pb::RangeResponse& response) {
    out->header(response.header());
    for (const mvccpb::KeyValue& kv : response.kvs()) out->pair("", kv);
    out->flag("More", response.more()).number("Count", response.count());
  }

  static void add_put(Fields* out, const pb::PutResponse& response) {
    out->header(response.header());
    if (response.has_prev_kv()) out->pair("Prev", response.prev_kv());
  }

  static void add_remove(Fields* out, const pb::DeleteRangeResponse& response) {
    out->header(response.header()).number("Deleted", response.deleted());
    for (const mvccpb::KeyValue& kv : response.prev_kvs()) out->pair("Prev", kv);
  }

  Status show(const Fields& out) {
    console_.out(out.text());
    return {};
  }

  bool hex_ids_;
};

}  // namespace

std::unique_ptr<Printer> make_fields_printer(const PrinterOptions& options, Console& console) {
  return std::make_unique<FieldsPrinter>(options.hex, console);
}

}  // namespace keelson::ctl
