// The answers of one turn, gathered per client loop, so that each loop gets one delivery and one
// wake-up. Owner: the node thread.
#pragma once

#include <utility>
#include <vector>

#include "node/request.h"

namespace keelson::node {

class Answers {
 public:
  void ok(const Request& request, std::string body) { put(request, Status(), std::move(body)); }
  void fail(const Request& request, Status status) { put(request, std::move(status), {}); }
  void object(const Request& request, std::shared_ptr<void> object) {
    Answer answer{request.to.call_id, request.tag, Status(), {}, std::move(object), true};
    add(request.to.sink, std::move(answer));
  }
  void partial(const Request& request, std::string body) {
    add(request.to.sink,
        Answer{request.to.call_id, request.tag, Status(), std::move(body), nullptr, false});
  }

  // Hands everything over.
  void flush() {
    for (auto& [sink, answers] : boxes_)
      if (!answers.empty()) sink->deliver(std::exchange(answers, {}));
  }

 private:
  void put(const Request& request, Status status, std::string body) {
    add(request.to.sink,
        Answer{request.to.call_id, request.tag, std::move(status), std::move(body), nullptr, true});
  }
  void add(AnswerSink* sink, Answer&& answer) {
    if (sink == nullptr) return;  // a proposal of the node itself
    for (auto& [owner, answers] : boxes_) {
      if (owner != sink) continue;
      answers.push_back(std::move(answer));
      return;
    }
    boxes_.emplace_back(sink, std::vector<Answer>());
    boxes_.back().second.push_back(std::move(answer));
  }

  std::vector<std::pair<AnswerSink*, std::vector<Answer>>> boxes_;  // few: one a client loop
};

}  // namespace keelson::node
