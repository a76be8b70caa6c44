// A load of events against a server of this process, over gRPC.
#ifndef STAGECRAFT_TESTS_BENCHMARKS_LOAD_GRPC_H_
#define STAGECRAFT_TESTS_BENCHMARKS_LOAD_GRPC_H_

#include <grpcpp/grpcpp.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/event_columns.h"
#include "service/server.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "tests/benchmarks/ingest_grpc_streams.h"
#include "tests/support/load.h"

namespace stagecraft::benchmarks {

// Ends the process if it is an error.
inline void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}
inline void Check(const grpc::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.error_message().c_str());
  std::exit(1);
}

// Of all threads.
inline double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) / 1e9;
}

inline double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share *
                                    static_cast<double>(values.size() - 1))];
}

inline std::vector<v1::EventContent> MakeContents(const testing::Load& load) {
  std::vector<v1::EventContent> contents;
  for (const testing::Load::Content& from : load.contents()) {
    v1::EventContent content;
    content.set_name(from.name);
    for (const auto& [key, value] : from.attributes) {
      (*content.mutable_attributes())[key].set_string_value(
          std::get<std::string>(value));
    }
    contents.push_back(std::move(content));
  }
  return contents;
}

// Puts a batch, with its texts, into a request of a stream, which keeps
// contents. `builder` is that of the stream.
inline void FillColumns(const testing::LoadBatch& batch,
                        const std::vector<v1::EventContent>& contents,
                        client::EventColumnsBuilder* builder,
                        v1::StreamEventsRequest* request) {
  builder->Begin(request->mutable_columns(), request->mutable_contents());
  for (size_t i = 0; i < batch.items.size(); ++i) {
    const testing::LoadItem& item = batch.items[i];
    std::optional<double> value;
    if (item.has_value) value = static_cast<double>(item.value) / 1e6;
    builder->Add(batch.unit_id(i), batch.event_id(i), item.time, value,
                 item.content, contents[item.content]);
  }
  builder->End();
}

inline void AddAliases(const testing::LoadBatch& batch,
                       v1::StreamEventsRequest* request) {
  for (const engine::Alias& alias : testing::MakeAliases(batch)) {
    v1::Alias* added = request->add_aliases();
    added->set_alias_id(alias.alias_id);
    added->set_unit_id(alias.unit_id);
  }
}

template <typename Segments>
inline void SetSegments(Segments* segments) {
  const auto journey = testing::MakeLoadJourney();
  for (const engine::SegmentDimension& from : journey->segments) {
    v1::SegmentDimension* segment = segments->Add();
    segment->set_attribute(from.attribute);
    for (const std::string& value : from.values) segment->add_values(value);
  }
}

// The journey, its KPIs and running experiments.
inline void MakeExperiments(const std::string& address) {
  auto client = client::Client::Connect({.target = address});
  Check(client.status());
  v1::CreateJourneyRequest journey;
  journey.set_journey_id("load");
  for (const char* id : testing::kLoadStages) {
    v1::Stage* stage = journey.mutable_journey()->add_stages();
    stage->set_id(id);
    stage->mutable_entry()->add_names(id);
  }
  SetSegments(journey.mutable_journey()->mutable_segments());
  Check((*client)->CreateJourney(journey).status());
  for (const char* id : {"bought", "revenue"}) {
    v1::CreateKpiRequest kpi;
    kpi.set_parent(testing::kLoadJourney);
    kpi.set_kpi_id(id);
    kpi.mutable_kpi()->set_direction(v1::Kpi::UP);
    kpi.mutable_kpi()->mutable_length()->set_seconds(7 * 86400);
    (id[0] == 'b' ? kpi.mutable_kpi()->mutable_conversion()->mutable_events()
                  : kpi.mutable_kpi()->mutable_value_sum()->mutable_events())
        ->add_names("buy");
    Check((*client)->CreateKpi(kpi).status());
  }
  for (int i = 0; i < testing::kMaxLoadExperiments; ++i) {
    v1::CreateExperimentRequest request;
    request.set_parent(testing::kLoadJourney);
    request.set_experiment_id(absl::StrCat("e", i));
    v1::Experiment* experiment = request.mutable_experiment();
    experiment->set_stage(testing::kLoadStages[i / 2]);
    for (const char* id : {"a", "b"}) {
      v1::Variant* variant = experiment->add_variants();
      variant->set_id(id);
      variant->set_share_ppm(500'000);
    }
    SetSegments(experiment->mutable_segments());
    experiment->mutable_plan()->add_primary_kpis("journeys/load/kpis/bought");
    experiment->mutable_plan()->add_secondary_kpis(
        "journeys/load/kpis/revenue");
    const auto created = (*client)->CreateExperiment(request);
    Check(created.status());
    v1::StartExperimentRequest start;
    start.set_name(created->name());
    Check((*client)->StartExperiment(start).status());
  }
}

// With a connection of its own.
inline std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

// A server with running experiments for the load: they start when it begins,
// and then it is a month later. From then on time passes, or the server would
// think that it takes none to write a snapshot.
class LoadServer {
 public:
  explicit LoadServer(const std::string& data, bool in_memory = false) {
    service::ServerDependencies dependencies;
    dependencies.clock = [this] {
      const SteadyClock::duration passed =
          passes_ ? SteadyClock::now() - begin_ : SteadyClock::duration();
      return absl::FromUnixMicros(now_) + absl::FromChrono(passed);
    };
    service::Config config;
    config.listen = "127.0.0.1:0";
    config.data = data;
    config.in_memory = in_memory;
    config.evaluate_every = absl::ZeroDuration();
    config.log_level = service::LogLevel::kWarn;
    auto server = service::Server::Start(config, std::move(dependencies));
    Check(server.status());
    server_ = *std::move(server);
    MakeExperiments(address());
    now_ = testing::kLoadBegin + testing::kLoadLength + 2 * engine::kDay;
    begin_ = SteadyClock::now();
    passes_ = true;
  }
  ~LoadServer() { server_->Shutdown(absl::Seconds(10)); }

  std::string address() const { return server_->address(); }

 private:
  std::atomic<int64_t> now_{testing::kLoadBegin};
  std::atomic<bool> passes_{false};
  SteadyClock::time_point begin_;  // Of what passes.
  std::unique_ptr<service::Server> server_;
};

}  // namespace stagecraft::benchmarks

#endif  // STAGECRAFT_TESTS_BENCHMARKS_LOAD_GRPC_H_
