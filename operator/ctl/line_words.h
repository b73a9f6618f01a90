// Words of a line of txn or watch input.
#pragma once

#include <string>
#include <vector>

#include "ctl/result.h"

namespace keelson::ctl {

// Splits at blanks. A word in double quotes is read as a Go literal, one in single quotes as it
// is; quotes inside a word stay. A lone quote is skipped. Fails on a bad escape.
Result<std::vector<std::string>> split_words(const std::string& line);

}  // namespace keelson::ctl
