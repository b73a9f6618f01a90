// The output formats. A printer turns one answer into text on the console; a format that has no
// form for an answer fails with exit code 4.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ctl/console.h"
#include "ctl/result.h"
#include "rpc.pb.h"

namespace keelson::ctl {

namespace pb = etcdserverpb;

struct EndpointHealth {
  std::string endpoint;
  bool healthy = false;
  std::string took;
  std::string error;
};

struct EndpointStatus {
  std::string endpoint;
  pb::StatusResponse status;
};

struct EndpointHash {
  std::string endpoint;
  pb::HashKVResponse hash;
};

// Whether fields output has a form (the header alone) for a confirmation.
enum class FieldsForm { kHeader, kNone };

class Printer {
 public:
  explicit Printer(Console& console) : console_(console) {}
  virtual ~Printer() = default;

  // Any answer that has no form of its own.
  virtual Status message(const google::protobuf::Message& response) = 0;
  // A change that is told in one line; `line` has no newline.
  virtual Status confirm(const google::protobuf::Message& response, const std::string& line,
                         FieldsForm form);

  virtual Status range(const pb::RangeResponse& response) { return message(response); }
  virtual Status put(const pb::PutResponse& response) { return message(response); }
  virtual Status remove(const pb::DeleteRangeResponse& response) { return message(response); }
  virtual Status txn(const pb::TxnResponse& response) { return message(response); }
  virtual Status watch(const pb::WatchResponse& response) { return message(response); }

  virtual Status lease_granted(const pb::LeaseGrantResponse& response) { return message(response); }
  virtual Status lease_revoked(int64_t lease, const pb::LeaseRevokeResponse& response);
  virtual Status lease_kept(const pb::LeaseKeepAliveResponse& response) {
    return message(response);
  }
  virtual Status lease_life(const pb::LeaseTimeToLiveResponse& response, bool keys);
  virtual Status leases(const pb::LeaseLeasesResponse& response) { return message(response); }

  virtual Status members(const pb::MemberListResponse& response) { return message(response); }
  virtual Status alarms(const pb::AlarmResponse& response) { return message(response); }
  virtual Status health(const std::vector<EndpointHealth>& list);
  virtual Status status(const std::vector<EndpointStatus>& list);
  virtual Status hashes(const std::vector<EndpointHash>& list);

  virtual Status role(const std::string& name, const pb::AuthRoleGetResponse& response);
  virtual Status roles(const pb::AuthRoleListResponse& response) { return message(response); }
  virtual Status user(const std::string& name, const pb::AuthUserGetResponse& response);
  virtual Status users(const pb::AuthUserListResponse& response) { return message(response); }
  virtual Status auth_status(const pb::AuthStatusResponse& response) { return message(response); }

  // The format's name as users give it.
  virtual std::string format() const = 0;

 protected:
  Failure unsupported() const {
    return {kExitBadFeature, format() + " not supported as output format"};
  }
  Console& console_;
};

struct PrinterOptions {
  bool hex = false;
  bool values_only = false;  // simple only
};

// The printer of a format; null for an unknown name.
std::unique_ptr<Printer> make_printer(const std::string& format, const PrinterOptions& options,
                                      Console& console);

// The factory's parts, one a format.
std::unique_ptr<Printer> make_simple_printer(const PrinterOptions& options, Console& console);
std::unique_ptr<Printer> make_fields_printer(const PrinterOptions& options, Console& console);
std::unique_ptr<Printer> make_json_printer(const PrinterOptions& options, Console& console);
std::unique_ptr<Printer> make_protobuf_printer(Console& console);
std::unique_ptr<Printer> make_table_printer(Console& console);

}  // namespace keelson::ctl
