// What a reader on another thread needs: the window as published when the view was made, and the
// database for everything older. A row is in the window, or it was persisted before the view was
// made; a row that is neither has been compacted away.
#pragma once

#include <memory>

#include "mvcc/backend.h"
#include "mvcc/metrics.h"
#include "mvcc/store.h"
#include "mvcc/window.h"

namespace keelson::mvcc {

class View {
 public:
  std::shared_ptr<const BlockList> list;
  std::shared_ptr<Backend> backend;
  Position persisted;  // the database holds at least the stream up to here
  Position end;        // published up to here
  Seq end_seq;         // first row that is not published
  Index applied;
  Revision revision;
  Revision compacted;
  std::shared_ptr<Metrics> metrics;
  const Clock* clock = nullptr;

  // Rows below are in the database, rows from here on in the window.
  Seq window_begin() const {
    const Seq begin = list->begin(end_seq);
    return begin < end_seq ? begin : end_seq;
  }
  const VersionRecord* version(Seq seq) const { return list->version(seq, end_seq); }
};

}  // namespace keelson::mvcc
