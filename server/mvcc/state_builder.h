// Builds a generation that holds a state which came from elsewhere. While it is being built another
// generation of the same directory may be open and serve.
#pragma once

#include <string>

#include "io/fs.h"
#include "mvcc/state_rows.h"
#include "mvcc/store.h"

namespace keelson::mvcc {

// See Store::build().
Status build_state(io::FileSystem& fs, const std::string& dir, const Origin& origin,
                   const Options& options, StateSource& source, CopyControl& control);

}  // namespace keelson::mvcc
