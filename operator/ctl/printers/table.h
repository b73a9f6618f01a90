// Tables with box lines.
#pragma once

#include <string>

#include "ctl/printers/rows.h"

namespace keelson::ctl {

// The header centred and in capitals with `_` as a blank, the cells right aligned, one blank on
// both sides; ends with a newline.
std::string format_table(const Rows& rows);

}  // namespace keelson::ctl
