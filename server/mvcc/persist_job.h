// One turn of the persister: a part of the window and pending deletes into SQLite, in one
// transaction that also holds the applied index. Ends at an entry's border.
#pragma once

#include <memory>
#include <vector>

#include "mvcc/metrics.h"
#include "mvcc/store.h"
#include "mvcc/window.h"
#include "mvcc/writer.h"

namespace keelson::mvcc {

// Rows that compaction took out of the index and that must leave the history, too. Filled by the
// store, then worked off by one persist job after the other, in row order.
struct DropPlan {
  std::vector<Seq> rows;
  size_t done = 0;
  bool sorted = false;
  bool finished() const { return done == rows.size(); }
};

// How far the durable state reaches.
struct Persisted {
  Position position;
  Index applied;
  Term term;
  Seq last_seq;
};

class WindowPersistJob final : public Store::PersistJob {
 public:
  struct Input {
    std::shared_ptr<Writer> writer;
    std::shared_ptr<const BlockList> list;
    Persisted from;
    Position end;
    Index upto;
    std::shared_ptr<DropPlan> drops;  // may be null
    std::shared_ptr<Metrics> metrics;
    const Clock* clock = nullptr;
    std::string remove_dir;  // of a generation that nobody reads any more; may be empty
  };
  explicit WindowPersistJob(Input input) : in_(std::move(input)), reached_(in_.from) {}

  void run() override;
  bool no_space() const override { return no_space_; }

  // After run():
  const Persisted& reached() const { return reached_; }
  const Writer::FileSizes& sizes() const { return sizes_; }
  size_t rows() const { return rows_; }
  bool has_drops() const { return in_.drops != nullptr; }

 private:
  void choose_end();
  bool write_transaction();
  bool write_records();
  bool write_record(const RecordHead& head);
  bool write_drops();

  const Input in_;
  Persisted reached_;
  Persisted wanted_;
  size_t rows_ = 0;
  bool no_space_ = false;
  Writer::FileSizes sizes_;
};

}  // namespace keelson::mvcc
