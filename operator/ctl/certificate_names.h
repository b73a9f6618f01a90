// Whether a certificate is for a host, by Go's rules: only its subject alternative names count.
#pragma once

#include <string>
#include <vector>

namespace keelson::ctl {

// `host:port` without the port, `[::1]` without the brackets.
std::string host_of(const std::string& target);

// An address must be among the addresses. A name must equal one of the names, without regard to
// case; `*.` at the start of one stands for exactly one label.
bool certificate_names(const std::string& host, const std::vector<std::string>& dns_names,
                       const std::vector<std::string>& ip_names);

}  // namespace keelson::ctl
