// gzip for answers.
#pragma once

#include <string>
#include <string_view>

namespace keelson::http {

// True when an Accept-Encoding header takes gzip ("gzip", "*", and no q=0).
bool accepts_gzip(std::string_view header);

std::string gzip(std::string_view data);

}  // namespace keelson::http
