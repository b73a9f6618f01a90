// One number from a member's /metrics page.
#pragma once

#include <string>
#include <string_view>

#include "ctl/client_config.h"
#include "ctl/result.h"

namespace keelson::ctl {

// process_resident_memory_bytes of the endpoint, over TLS where it says https. The failure's text
// says what went wrong.
Result<double> fetch_resident_bytes(const std::string& endpoint, const TlsConfig& tls);

// The value of a metric without labels in a page.
Result<double> find_metric(std::string_view page, std::string_view name);

}  // namespace keelson::ctl
