#include "mvcc/copy_jobs.h"

#include <cerrno>

#include "base/check.h"

namespace keelson::mvcc {
namespace {

// Rows that may be left for the switch itself, which holds up persisting.
constexpr uint64_t kRowsLeftMax = 2'000;
constexpr int kRoundsMax = 8;

}  // namespace

Status FileImageJob::run() {
  const auto made = copy_to_file(*source_, path_, generation_, control_);
  if (!made.ok()) return made.status();
  index_ = made->applied;
  return Status();
}

GenerationShrinkJob::GenerationShrinkJob(Input input) : in_(std::move(input)) {
  control_.pace = in_.options.pace;
  in_.metrics->defrag_inflight.set(1);
}

GenerationShrinkJob::~GenerationShrinkJob() { in_.metrics->defrag_inflight.set(0); }

Status GenerationShrinkJob::run() {
  const Stopwatch whole(in_.options.clock);
  Status status = build();
  if (status.ok()) status = open_and_catch_up();
  if (status.ok()) {
    whole.observe_seconds(in_.metrics->defrag_seconds);
    return status;
  }
  writer_.reset();
  (void)in_.source->fs().remove_tree(generation_dir(in_.dir, in_.generation));
  return status;
}

Status GenerationShrinkJob::build() {
  io::FileSystem& fs = in_.source->fs();
  const std::string own = generation_dir(in_.dir, in_.generation);
  const auto there = fs.exists(own);
  if (!there.ok()) return there.status();
  if (*there) {
    if (const Status status = fs.remove_tree(own); !status.ok()) return status;
  }
  if (const Status status = fs.make_dir(own); !status.ok()) return status;
  const auto made = copy_to_file(*in_.source, own + kStateFile, in_.generation, control_);
  if (!made.ok()) return made.status();
  reached_ = *made;
  return Status();
}

// The copy took its time; what came since is brought over in rounds until little is left.
Status GenerationShrinkJob::open_and_catch_up() {
  Options options = in_.options;
  options.generation = in_.generation;
  auto backend = Backend::open(in_.source->fs(), in_.dir, options);
  if (!backend.ok()) return backend.status();
  auto writer = Writer::open(*backend);
  if (!writer.ok()) return writer.status();
  writer_ = std::move(*writer);
  for (int round = 0; round < kRoundsMax; ++round) {
    const Seq before = reached_.last_seq;
    const auto reached = catch_up(*in_.source, *writer_, reached_, control_);
    if (!reached.ok()) return reached.status();
    reached_ = *reached;
    writer_->checkpoint_if_long();
    if (reached_.last_seq.value - before.value < kRowsLeftMax) break;
  }
  for (const std::string& made : {(*backend)->dir(), in_.dir}) {
    if (const Status status = in_.source->fs().sync_dir(made); !status.ok()) return status;
  }
  return Status();
}

Status GenerationShrinkJob::finish() {
  CHECK(writer_ != nullptr);
  const auto reached = catch_up(*in_.source, *writer_, reached_, control_);
  if (!reached.ok()) return reached.status();
  reached_ = *reached;
  return Status();
}

// Until this has gone well the old generation is the current one and stays so; a full disk leaves
// the job to be run again.
void SwitchJob::run() {
  old_->release_ballast();
  const Status status = shrink_->finish();
  if (status.code() == Code::kResourceExhausted) return;
  if (!status.ok()) die("cannot switch to the new generation:", status.text().c_str(), EIO);
  done_ = true;
}

}  // namespace keelson::mvcc
