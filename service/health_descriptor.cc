#include "service/health_descriptor.h"

#include <mutex>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace stagecraft::service {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptorProto;

// As in https://github.com/grpc/grpc/blob/master/src/proto/grpc/health/v1
google::protobuf::FileDescriptorProto HealthFile() {
  google::protobuf::FileDescriptorProto file;
  file.set_name("grpc/health/v1/health.proto");
  file.set_package("grpc.health.v1");
  file.set_syntax("proto3");

  auto* request = file.add_message_type();
  request->set_name("HealthCheckRequest");
  auto* name = request->add_field();
  name->set_name("service");
  name->set_json_name("service");
  name->set_number(1);
  name->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  name->set_type(FieldDescriptorProto::TYPE_STRING);

  auto* response = file.add_message_type();
  response->set_name("HealthCheckResponse");
  auto* states = response->add_enum_type();
  states->set_name("ServingStatus");
  int number = 0;
  for (const char* state :
       {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}) {
    auto* value = states->add_value();
    value->set_name(state);
    value->set_number(number++);
  }
  auto* status = response->add_field();
  status->set_name("status");
  status->set_json_name("status");
  status->set_number(1);
  status->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  status->set_type(FieldDescriptorProto::TYPE_ENUM);
  status->set_type_name(".grpc.health.v1.HealthCheckResponse.ServingStatus");

  auto* service = file.add_service();
  service->set_name("Health");
  for (const char* method_name : {"Check", "Watch"}) {
    auto* method = service->add_method();
    method->set_name(method_name);
    method->set_input_type(".grpc.health.v1.HealthCheckRequest");
    method->set_output_type(".grpc.health.v1.HealthCheckResponse");
  }
  service->mutable_method(1)->set_server_streaming(true);
  return file;
}

}  // namespace

void RegisterHealthDescriptor() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (DescriptorPool::generated_pool()->FindFileByName(
            "grpc/health/v1/health.proto") != nullptr) {
      return;
    }
    // The pool keeps a pointer to the bytes.
    static const auto& bytes =
        *new std::string(HealthFile().SerializeAsString());
    DescriptorPool::InternalAddGeneratedFile(bytes.data(),
                                             static_cast<int>(bytes.size()));
  });
}

}  // namespace stagecraft::service
