#include "ctl/printers/printer.h"

namespace keelson::ctl {

Status Printer::confirm(const google::protobuf::Message& response, const std::string&, FieldsForm) {
  return message(response);
}

Status Printer::lease_revoked(int64_t, const pb::LeaseRevokeResponse& response) {
  return message(response);
}

Status Printer::lease_life(const pb::LeaseTimeToLiveResponse& response, bool) {
  return message(response);
}

Status Printer::health(const std::vector<EndpointHealth>&) { return unsupported(); }
Status Printer::status(const std::vector<EndpointStatus>&) { return unsupported(); }
Status Printer::hashes(const std::vector<EndpointHash>&) { return unsupported(); }

Status Printer::role(const std::string&, const pb::AuthRoleGetResponse& response) {
  return message(response);
}

Status Printer::user(const std::string&, const pb::AuthUserGetResponse& response) {
  return message(response);
}

std::unique_ptr<Printer> make_printer(const std::string& format, const PrinterOptions& options,
                                      Console& console) {
  if (format == "simple") return make_simple_printer(options, console);
  if (format == "fields") return make_fields_printer(options, console);
  if (format == "json") return make_json_printer(options, console);
  if (format == "protobuf") return make_protobuf_printer(console);
  if (format == "table") return make_table_printer(console);
  return nullptr;
}

}  // namespace keelson::ctl
