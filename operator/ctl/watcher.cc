#include "ctl/watcher.h"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "ctl/client_core.h"
#include "rpc.grpc.pb.h"

namespace keelson::ctl {
namespace {

constexpr std::chrono::milliseconds kReopenPause{50};
constexpr std::chrono::seconds kConnectTime{1};
constexpr int64_t kNoId = -1;

struct Watch {
  pb::WatchCreateRequest request;  // its start revision moves on with what was delivered
  Watcher::Handler handler;
  int64_t id = kNoId;
};
using WatchPtr = std::shared_ptr<Watch>;
using GrpcStream = grpc::ClientReaderWriter<pb::WatchRequest, pb::WatchResponse>;

// Where the watch must start again after this response.
void move_on(Watch* watch, const pb::WatchResponse& response) {
  if (response.events_size() > 0) {
    int64_t last = response.events(response.events_size() - 1).kv().mod_revision();
    watch->request.set_start_revision(last + 1);
  } else if (is_progress(response) || watch->request.start_revision() == 0) {
    watch->request.set_start_revision(response.header().revision() + 1);
  }
}

}  // namespace

bool is_progress(const pb::WatchResponse& response) {
  return response.events_size() == 0 && !response.canceled() && !response.created() &&
         response.compact_revision() == 0 && response.header().revision() != 0;
}

class Watcher::Stream {
 public:
  Stream(Client::Core& core, bool needs_leader) : core_(core), needs_leader_(needs_leader) {}

  ~Stream() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      if (context_) context_->TryCancel();
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  void add(const pb::WatchCreateRequest& request, Handler handler) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto watch = std::make_shared<Watch>(Watch{request, std::move(handler)});
    watches_.push_back(watch);
    if (open_) send_create(watch);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }

  void request_progress() {
    pb::WatchRequest request;
    request.mutable_progress_request();
    std::lock_guard<std::mutex> lock(mutex_);
    if (open_) open_->Write(request);
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return watches_.empty(); });
  }

 private:
  void send_create(const WatchPtr& watch) {
    pb::WatchRequest request;
    *request.mutable_create_request() = watch->request;
    watch->id = kNoId;
    unanswered_.push_back(watch);
    open_->Write(request);
  }

  void run() {
    while (!is_stopped()) {
      RpcStatus status = run_once();
      if (is_stopped()) return;
      bool over = status.code != kRpcUnavailable && status.code != kRpcInternal;
      if (over || status.message == "etcdserver: no leader") return end_all(status.text());
      std::this_thread::sleep_for(kReopenPause);
    }
  }

  bool is_stopped() {
    std::lock_guard<std::mutex> lock(mutex_);
    return stopped_;
  }

  // One gRPC stream from its opening to its end.
  RpcStatus run_once() {
    // Both steps are cut short, so that an end of the watcher is seen while no member answers.
    std::shared_ptr<grpc::Channel> channel = core_.pick(deadline_in(kConnectTime));
    if (channel == nullptr) return {kRpcUnavailable, "no member answers"};
    RpcStatus token = core_.authenticate(deadline_in(kConnectTime));
    if (token.own_deadline) return {kRpcUnavailable, token.message};
    if (!token.ok()) return token;
    auto context = std::make_shared<grpc::ClientContext>();
    core_.prepare(context.get(), Deadline());
    if (needs_leader_) context->AddMetadata("hasleader", "true");
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopped_) return {kRpcCancelled, ""};
      context_ = context;
    }
    pb::Watch::Stub stub(channel);
    std::unique_ptr<GrpcStream> stream = stub.Watch(context.get());
    set_open(stream.get());
    pb::WatchResponse response;
    while (stream->Read(&response)) take(response);
    set_open(nullptr);
    RpcStatus status = core_.translate(stream->Finish(), Deadline());
    std::lock_guard<std::mutex> lock(mutex_);
    context_.reset();
    if (status.ok()) return {kRpcUnavailable, "the stream ended"};
    return status;
  }

  void set_open(GrpcStream* stream) {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = stream;
    unanswered_.clear();
    if (stream == nullptr) return;
    for (const WatchPtr& watch : watches_) send_create(watch);
  }

  void take(const pb::WatchResponse& response) {
    if (response.created()) return take_created(response);
    if (is_progress(response) && response.watch_id() == kNoId) return take_progress(response);
    WatchPtr watch = find(response.watch_id());
    if (watch == nullptr) return;
    if (response.canceled()) {
      // A compaction is told with its revision; any other end comes without a word, as with etcd.
      bool compacted = response.compact_revision() != 0;
      if (compacted) {
        watch->handler({response, "etcdserver: mvcc: required revision has been compacted"});
      }
      return forget(watch);
    }
    move_on(watch.get(), response);
    watch->handler({response, ""});
  }

  void take_created(const pb::WatchResponse& response) {
    WatchPtr watch;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (unanswered_.empty()) return;
      watch = unanswered_.front();
      unanswered_.pop_front();
      watch->id = response.watch_id();
    }
    if (response.watch_id() == kNoId || response.canceled()) {
      return end(watch, response.cancel_reason());
    }
    move_on(watch.get(), response);
  }

  void take_progress(const pb::WatchResponse& response) {
    std::list<WatchPtr> watches;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      watches = watches_;
    }
    for (const WatchPtr& watch : watches) {
      if (watch->id != kNoId) watch->handler({response, ""});
    }
  }

  WatchPtr find(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const WatchPtr& watch : watches_) {
      if (watch->id == id) return watch;
    }
    return nullptr;
  }

  // Tells the handler of an end that no response of the server's stands for.
  void end(const WatchPtr& watch, const std::string& why) {
    WatchUpdate update;
    update.response.set_canceled(true);
    update.end = why;
    watch->handler(update);
    forget(watch);
  }

  void end_all(const std::string& why) {
    std::list<WatchPtr> watches;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      watches = watches_;
    }
    for (const WatchPtr& watch : watches) end(watch, why);
  }

  void forget(const WatchPtr& watch) {
    std::lock_guard<std::mutex> lock(mutex_);
    watches_.remove(watch);
    changed_.notify_all();
  }

  Client::Core& core_;
  const bool needs_leader_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_; the rest of a Watch belongs to the stream's thread.
  std::list<WatchPtr> watches_;
  std::deque<WatchPtr> unanswered_;  // creates in the order in which they were sent
  std::shared_ptr<grpc::ClientContext> context_;
  GrpcStream* open_ = nullptr;
  bool stopped_ = false;
};

Watcher::Watcher(Client& client, bool needs_leader)
    : stream_(std::make_unique<Stream>(client.core(), needs_leader)) {}
Watcher::~Watcher() = default;

void Watcher::add(const pb::WatchCreateRequest& request, Handler handler) {
  stream_->add(request, std::move(handler));
}

void Watcher::request_progress() { stream_->request_progress(); }

void Watcher::wait() { stream_->wait(); }

}  // namespace keelson::ctl
