// The rows that simple and table output share.
#pragma once

#include <string>
#include <vector>

#include "ctl/printers/printer.h"

namespace keelson::ctl {

using Row = std::vector<std::string>;

struct Rows {
  Row header;
  std::vector<Row> rows;
};

Rows member_rows(const pb::MemberListResponse& response);
Rows health_rows(const std::vector<EndpointHealth>& list);
Rows status_rows(const std::vector<EndpointStatus>& list);
Rows hash_rows(const std::vector<EndpointHash>& list);

std::string join(const std::vector<std::string>& parts, const std::string& separator);

}  // namespace keelson::ctl
