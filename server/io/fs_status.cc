#include "io/fs.h"

namespace keelson::io {

bool is_no_space(const Status& status) { return status.code() == Code::kResourceExhausted; }

}  // namespace keelson::io
