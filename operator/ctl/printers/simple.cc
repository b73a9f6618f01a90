// Simple output: what people read.
#include "ctl/go_number.h"
#include "ctl/key_range.h"
#include "ctl/printers/printer.h"
#include "ctl/printers/rows.h"

namespace keelson::ctl {
namespace {

const std::string kOpenEnd(1, '\0');

std::string lease_line(const std::string& what, int64_t lease) {
  return "lease " + hex16(static_cast<uint64_t>(lease)) + what + "\n";
}

std::string permission_line(const authpb::Permission& permission) {
  const std::string& key = permission.key();
  const std::string& end = permission.range_end();
  if (end.empty()) return "\t" + key + "\n";
  std::string out = "\t[" + key + ", " + (end == kOpenEnd ? "<open ended>" : end + ")");
  if (!key.empty() && prefix_end(key) == end) out += " (prefix " + key + ")";
  return out + "\n";
}

std::string permission_lines(const pb::AuthRoleGetResponse& response,
                             authpb::Permission::Type type) {
  std::string out;
  for (const authpb::Permission& permission : response.perm()) {
    bool both = permission.permtype() == authpb::Permission::READWRITE;
    if (both || permission.permtype() == type) out += permission_line(permission);
  }
  return out;
}

class SimplePrinter : public Printer {
 public:
  SimplePrinter(const PrinterOptions& options, Console& console)
      : Printer(console), options_(options) {}
  std::string format() const override { return "simple"; }
  Status message(const google::protobuf::Message&) override { return unsupported(); }

  Status confirm(const google::protobuf::Message&, const std::string& line, FieldsForm) override {
    return show(line + "\n");
  }

  Status range(const pb::RangeResponse& response) override { return show(range_text(response)); }
  Status put(const pb::PutResponse& response) override { return show(put_text(response)); }
  Status remove(const pb::DeleteRangeResponse& response) override {
    return show(remove_text(response));
  }

  Status txn(const pb::TxnResponse& response) override {
    std::string out = response.succeeded() ? "SUCCESS\n" : "FAILURE\n";
    for (const pb::ResponseOp& each : response.responses()) out += "\n" + answer_text(each);
    return show(out);
  }

  Status watch(const pb::WatchResponse& response) override {
    std::string out;
    for (const mvccpb::Event& event : response.events()) {
      out += event.type() == mvccpb::Event::PUT ? "PUT\n" : "DELETE\n";
      if (event.has_prev_kv()) out += pair_text(event.prev_kv());
      out += pair_text(event.kv());
    }
    return show(out);
  }

  Status lease_granted(const pb::LeaseGrantResponse& response) override {
    std::string ttl = std::to_string(response.ttl());
    return show(lease_line(" granted with TTL(" + ttl + "s)", response.id()));
  }

  Status lease_revoked(int64_t lease, const pb::LeaseRevokeResponse&) override {
    return show(lease_line(" revoked", lease));
  }

  Status lease_kept(const pb::LeaseKeepAliveResponse& response) override {
    std::string ttl = std::to_string(response.ttl());
    return show(lease_line(" keepalived with TTL(" + ttl + ")", response.id()));
  }

  Status lease_life(const pb::LeaseTimeToLiveResponse& response, bool keys) override {
    if (response.grantedttl() == 0 && response.ttl() == -1) {
      return show(lease_line(" already expired", response.id()));
    }
    std::string what = " granted with TTL(" + std::to_string(response.grantedttl()) +
                       "s), remaining(" + std::to_string(response.ttl()) + "s)";
    if (keys) {
      std::vector<std::string> names(response.keys().begin(), response.keys().end());
      what += ", attached keys([" + join(names, " ") + "])";
    }
    return show(lease_line(what, response.id()));
  }

  Status leases(const pb::LeaseLeasesResponse& response) override {
    std::string out = "found " + std::to_string(response.leases_size()) + " leases\n";
    for (const pb::LeaseStatus& lease : response.leases()) {
      out += hex16(static_cast<uint64_t>(lease.id())) + "\n";
    }
    return show(out);
  }

  Status members(const pb::MemberListResponse& response) override {
    return show_rows(member_rows(response));
  }
  Status status(const std::vector<EndpointStatus>& list) override {
    return show_rows(status_rows(list));
  }
  Status hashes(const std::vector<EndpointHash>& list) override {
    return show_rows(hash_rows(list));
  }

  Status health(const std::vector<EndpointHealth>& list) override {
    for (const EndpointHealth& entry : list) {
      if (entry.error.empty()) {
        console_.out(entry.endpoint +
                     " is healthy: successfully committed proposal: took = " + entry.took + "\n");
      } else {
        console_.err(entry.endpoint + " is unhealthy: failed to commit proposal: " + entry.error +
                     "\n");
      }
    }
    return {};
  }

  Status alarms(const pb::AlarmResponse& response) override {
    std::string out;
    for (const pb::AlarmMember& alarm : response.alarms()) {
      std::vector<std::string> fields;
      if (alarm.memberid() != 0) fields.push_back("memberID:" + std::to_string(alarm.memberid()));
      if (alarm.alarm() != pb::NONE) fields.push_back("alarm:" + pb::AlarmType_Name(alarm.alarm()));
      out += join(fields, " ") + "\n";
    }
    return show(out);
  }

  Status role(const std::string& name, const pb::AuthRoleGetResponse& response) override {
    bool everything = name == "root" && response.perm_size() == 0;
    std::string all = everything ? "\t[, <open ended>\n" : "";
    return show("Role " + name + "\nKV Read:\n" + all +
                permission_lines(response, authpb::Permission::READ) + "KV Write:\n" + all +
                permission_lines(response, authpb::Permission::WRITE));
  }

  Status roles(const pb::AuthRoleListResponse& response) override {
    return show_lines(response.roles());
  }
  Status users(const pb::AuthUserListResponse& response) override {
    return show_lines(response.users());
  }

  Status user(const std::string& name, const pb::AuthUserGetResponse& response) override {
    std::string out = "User: " + name + "\nRoles:";
    for (const std::string& role : response.roles()) out += " " + role;
    return show(out + "\n");
  }

  Status auth_status(const pb::AuthStatusResponse& response) override {
    return show(std::string("Authentication Status: ") + (response.enabled() ? "true" : "false") +
                "\nAuthRevision: " + std::to_string(response.authrevision()) + "\n");
  }

 private:
  Status show(const std::string& text) {
    console_.out(text);
    return {};
  }

  Status show_rows(const Rows& rows) {
    std::string out;
    for (const Row& row : rows.rows) out += join(row, ", ") + "\n";
    return show(out);
  }

  template <class Repeated>
  Status show_lines(const Repeated& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return show(out);
  }

  std::string pair_text(const mvccpb::KeyValue& kv) const {
    std::string key = options_.hex ? escape_hex(kv.key()) : kv.key();
    std::string value = options_.hex ? escape_hex(kv.value()) : kv.value();
    return (options_.values_only ? "" : key + "\n") + value + "\n";
  }

  std::string range_text(const pb::RangeResponse& response) const {
    std::string out;
    for (const mvccpb::KeyValue& kv : response.kvs()) out += pair_text(kv);
    return out;
  }

  std::string put_text(const pb::PutResponse& response) const {
    return "OK\n" + (response.has_prev_kv() ? pair_text(response.prev_kv()) : "");
  }

  std::string remove_text(const pb::DeleteRangeResponse& response) const {
    std::string out = std::to_string(response.deleted()) + "\n";
    for (const mvccpb::KeyValue& kv : response.prev_kvs()) out += pair_text(kv);
    return out;
  }

  std::string answer_text(const pb::ResponseOp& answer) const {
    if (answer.has_response_delete_range()) return remove_text(answer.response_delete_range());
    if (answer.has_response_put()) return put_text(answer.response_put());
    if (answer.has_response_range()) return range_text(answer.response_range());
    return "unexpected response " + answer.ShortDebugString() + "\n";
  }

  PrinterOptions options_;
};

}  // namespace

std::unique_ptr<Printer> make_simple_printer(const PrinterOptions& options, Console& console) {
  return std::make_unique<SimplePrinter>(options, console);
}

}  // namespace keelson::ctl
