// Writes a whole etcd 3.7.1 database image: all ten buckets, also the empty ones. Any thread; runs
// as long as the source gives records, memory as bbolt_writer.h says plus the row tables of
// ImageState. The source's views are not kept.
//
// The image is fit for `etcdutl snapshot status/restore` (digest appended) and for a stock member
// that gets it as a raft snapshot (without the digest; then ImageState must be complete, see
// reference etcd-data.md section 11). On any error the file at `path` is the caller's to remove.
#pragma once

#include <string>

#include "etcdfile/bbolt_writer.h"
#include "etcdfile/contents.h"
#include "io/fs.h"

namespace keelson::etcdfile {

// Replaces what is at `path`. InvalidArgument: records out of order, unknown bucket.
Result<WrittenImage> write_image(io::FileSystem& fs, const std::string& path, ImageSource& source,
                                 const WriterOptions& options = {});
Result<WrittenImage> write_image(io::FileSystem& fs, const std::string& path, RowSource& source,
                                 const WriterOptions& options = {});

}  // namespace keelson::etcdfile
