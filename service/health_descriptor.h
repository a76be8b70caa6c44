// The descriptor of grpc.health.v1, which gRPC serves without one: reflection
// would list a service that it cannot describe, and tools stumble over it.
#ifndef STAGECRAFT_SERVICE_HEALTH_DESCRIPTOR_H_
#define STAGECRAFT_SERVICE_HEALTH_DESCRIPTOR_H_

namespace stagecraft::service {

// Adds `grpc/health/v1/health.proto` to the pool of generated descriptors,
// unless it is there. Safe to call again, from any thread.
void RegisterHealthDescriptor();

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_HEALTH_DESCRIPTOR_H_
