// Between our state and etcd's database file: what Maintenance.Snapshot streams, what a leader
// sends to a follower, and what a follower gets. Pool threads; memory as etcdfile's reader and
// writer and mvcc's builder say. Source: reference etcd-data.md sections 3 and 11.
//
// Rows that only one side has:
//  - meta/consistent_index and term: table meta of ours; written and checked, never rows.
//  - meta/confState: ours has the membership in one place. Written from bucket members, not kept.
//  - meta/storageVersion: follows the cluster version; written so from 3.6 on, whatever the state
//    says (nobody here keeps the row up to date). Kept when an image is taken, as it came.
// Everything else goes through byte for byte.
#pragma once

#include <optional>
#include <string>

#include "etcdfile/contents.h"
#include "etcdfile/image_writer.h"
#include "io/fs.h"
#include "mvcc/state_rows.h"
#include "mvcc/store.h"

namespace keelson::node {

struct EtcdImage {
  etcdfile::WrittenImage file;
  // What stands in it and belongs into the message that it is sent with: place in the log,
  // configuration, members, removed ones and versions, all of one moment. The rest is left out.
  etcdfile::ImageState state;
};

// Turns the file that Store::make_image_job() made at `from` into etcd's database at `to`
// (replaced). Both are the caller's to remove, also after a failure.
Result<EtcdImage> write_etcd_image(io::FileSystem& fs, const std::string& from,
                                   const std::string& to, const etcdfile::WriterOptions& options,
                                   mvcc::CopyControl& control);

// What the message says that an image came with.
struct ImageClaim {
  Index index;
  Term term;
};

// Builds generation `options.generation` below `dir` from etcd's database file `path`, as
// Store::build() does it, and returns what the image says. FailedPrecondition: it is not the image
// of the claim, or holds what we would lose; DataLoss: it is damaged. The file stays.
Result<etcdfile::ImageState> build_from_etcd_image(io::FileSystem& fs, const std::string& path,
                                                   const std::string& dir, mvcc::Identity identity,
                                                   const mvcc::Options& options, ImageClaim claim,
                                                   mvcc::CopyControl& control);

}  // namespace keelson::node
