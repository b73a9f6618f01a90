// JSON output: one object or array a line.
#include "ctl/go_number.h"
#include "ctl/json_text.h"
#include "ctl/printers/message_json.h"
#include "ctl/printers/printer.h"

namespace keelson::ctl {
namespace {

using google::protobuf::Message;

void add_header(JsonObject* object, const pb::ResponseHeader& header) {
  auto add = [&](const char* name, auto value) {
    if (value != 0) object->add(name, std::to_string(value));
  };
  add("cluster_id", header.cluster_id());
  add("member_id", header.member_id());
  add("revision", header.revision());
  add("raft_term", header.raft_term());
}

// The client library's own lease structs: the header's fields stand beside the lease's.
JsonObject lease_object(const pb::ResponseHeader& header) {
  JsonObject object;
  add_header(&object, header);
  return object;
}

std::string hex_header(const pb::ResponseHeader& header) {
  JsonObject object;
  object.add("cluster_id", json_string(hex(header.cluster_id())));
  object.add("member_id", json_string(hex(header.member_id())));
  if (header.revision() != 0) object.add("revision", std::to_string(header.revision()));
  if (header.raft_term() != 0) object.add("raft_term", std::to_string(header.raft_term()));
  return object.text();
}

template <class Repeated>
std::string string_array(const Repeated& texts) {
  std::vector<std::string> members;
  for (const std::string& text : texts) members.push_back(json_string(text));
  return json_array(members);
}

std::string hex_member(const pb::Member& member) {
  JsonObject object;
  object.add("ID", json_string(hex(member.id())));
  if (!member.name().empty()) object.add("name", json_string(member.name()));
  if (member.peerurls_size() > 0) object.add("peerURLs", string_array(member.peerurls()));
  if (member.clienturls_size() > 0) object.add("clientURLs", string_array(member.clienturls()));
  if (member.islearner()) object.add("isLearner", "true");
  return object.text();
}

template <class Response>
JsonObject hex_members(const Response& response) {
  JsonObject object;
  object.add("header", hex_header(response.header()));
  if constexpr (requires { response.member(); })
    object.add("member", hex_member(response.member()));
  std::vector<std::string> members;
  for (const pb::Member& member : response.members()) members.push_back(hex_member(member));
  return object.add("members", json_array(members));
}

class JsonPrinter : public Printer {
 public:
  JsonPrinter(bool hex_ids, Console& console) : Printer(console), hex_ids_(hex_ids) {}
  std::string format() const override { return "json"; }

  Status message(const Message& response) override {
    return show(hex_ids_ ? hex_form(response) : message_json(response));
  }

  Status watch(const pb::WatchResponse& response) override {
    std::vector<std::string> events;
    for (const auto& event : response.events()) events.push_back(message_json(event));
    JsonObject object;
    object.add("Header", message_json(response.header()));
    object.add("Events", events.empty() ? "null" : json_array(events));
    object.add("CompactRevision", std::to_string(response.compact_revision()));
    object.add("Canceled", response.canceled() ? "true" : "false");
    object.add("Created", response.created() ? "true" : "false");
    object.add("CancelReason", json_string(response.cancel_reason()));
    return show(object.text());
  }

  Status lease_granted(const pb::LeaseGrantResponse& response) override {
    JsonObject object = lease_object(response.header());
    object.add("ID", std::to_string(response.id())).add("TTL", std::to_string(response.ttl()));
    return show(object.add("Error", json_string(response.error())).text());
  }

  Status lease_kept(const pb::LeaseKeepAliveResponse& response) override {
    JsonObject object = lease_object(response.header());
    object.add("ID", std::to_string(response.id())).add("TTL", std::to_string(response.ttl()));
    return show(object.text());
  }

  Status lease_life(const pb::LeaseTimeToLiveResponse& response, bool) override {
    std::vector<std::string> keys;
    for (const std::string& key : response.keys()) keys.push_back(json_bytes(key));
    JsonObject object = lease_object(response.header());
    object.add("id", std::to_string(response.id())).add("ttl", std::to_string(response.ttl()));
    object.add("granted-ttl", std::to_string(response.grantedttl()));
    return show(object.add("keys", keys.empty() ? "null" : json_array(keys)).text());
  }

  Status leases(const pb::LeaseLeasesResponse& response) override {
    std::vector<std::string> leases;
    for (const pb::LeaseStatus& lease : response.leases()) {
      leases.push_back(JsonObject().add("id", std::to_string(lease.id())).text());
    }
    JsonObject object = lease_object(response.header());
    return show(object.add("leases", json_array(leases)).text());
  }

  Status health(const std::vector<EndpointHealth>& list) override {
    std::vector<std::string> entries;
    for (const EndpointHealth& entry : list) {
      JsonObject object;
      object.add("endpoint", json_string(entry.endpoint));
      object.add("health", entry.healthy ? "true" : "false");
      object.add("took", json_string(entry.took));
      if (!entry.error.empty()) object.add("error", json_string(entry.error));
      entries.push_back(object.text());
    }
    return show_list(entries);
  }

  Status status(const std::vector<EndpointStatus>& list) override {
    std::vector<std::string> entries;
    for (const EndpointStatus& entry : list) {
      entries.push_back(endpoint_entry(entry.endpoint, "Status", message_json(entry.status)));
    }
    return show_list(entries);
  }

  Status hashes(const std::vector<EndpointHash>& list) override {
    std::vector<std::string> entries;
    for (const EndpointHash& entry : list) {
      entries.push_back(endpoint_entry(entry.endpoint, "HashKV", message_json(entry.hash)));
    }
    return show_list(entries);
  }

 private:
  static std::string endpoint_entry(const std::string& endpoint, const char* name,
                                    const std::string& content) {
    return JsonObject().add("Endpoint", json_string(endpoint)).add(name, content).text();
  }

  // Only answers about members have a form with hexadecimal IDs.
  static std::string hex_form(const Message& response) {
    if (auto* list = dynamic_cast<const pb::MemberListResponse*>(&response)) {
      return hex_members(*list).text();
    }
    if (auto* added = dynamic_cast<const pb::MemberAddResponse*>(&response)) {
      return hex_members(*added).text();
    }
    if (auto* removed = dynamic_cast<const pb::MemberRemoveResponse*>(&response)) {
      return hex_members(*removed).text();
    }
    if (auto* updated = dynamic_cast<const pb::MemberUpdateResponse*>(&response)) {
      return hex_members(*updated).text();
    }
    if (auto* promoted = dynamic_cast<const pb::MemberPromoteResponse*>(&response)) {
      return hex_members(*promoted).text();
    }
    return message_json(response);
  }

  // Go prints a list that was never filled as null.
  Status show_list(const std::vector<std::string>& entries) {
    return show(entries.empty() ? "null" : json_array(entries));
  }

  Status show(const std::string& line) {
    console_.out(line + "\n");
    return {};
  }

  bool hex_ids_;
};

}  // namespace

std::unique_ptr<Printer> make_json_printer(const PrinterOptions& options, Console& console) {
  return std::make_unique<JsonPrinter>(options.hex, console);
}

}  // namespace keelson::ctl
