#include "simulations/world/delivery.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::ReadNamed;

constexpr Draw kDraw = {.seed = 3, .replication = 2, .copies = true};

struct Sent {
  Message message;
  std::string text;
};

// All that comes, as it is said with the message.
std::vector<Sent> ReadAll(const World& world, Messages& messages) {
  std::vector<Sent> all;
  Message message;
  const Life* life = nullptr;
  while (messages.Next(&message, &life)) {
    if (message.kind == Message::Kind::kAlias) {
      all.push_back({message, ToAlias(*life).alias_id});
      continue;
    }
    const engine::Event event = ToEvent(world, *life, message);
    all.push_back({message, absl::StrCat(event.unit_id, " ", event.event_id,
                                         " ", event.name, " ", event.time)});
  }
  return all;
}

std::vector<std::string> Texts(const std::vector<Sent>& all) {
  std::vector<std::string> texts;
  for (const Sent& sent : all) {
    texts.push_back(absl::StrCat(sent.message.received, ": ", sent.text));
  }
  return texts;
}

bool Earlier(const Sent& a, const Sent& b) {
  return a.message.Order() < b.message.Order();
}

class DeliveryTest : public ::testing::Test {
 protected:
  static v1::Scenario Source() {
    v1::Scenario source = ReadNamed("messy");
    source.mutable_world()->set_arrivals_per_day(30);
    return source;
  }

  const World world_{CompileOk(Source())};
};

TEST_F(DeliveryTest, ComesInOrderAndComplete) {
  Delivery delivery(&world_, kDraw);
  const std::vector<Sent> all = ReadAll(world_, delivery);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), Earlier));
  size_t messages = 0;
  Life life;
  for (int64_t unit = 0; unit < world_.units(); ++unit) {
    world_.Play(kDraw, unit, &life);
    messages += life.events.size() + life.copies.size();
    messages += life.has_two_ids() ? 1 : 0;
  }
  EXPECT_EQ(all.size(), messages);
}

TEST_F(DeliveryTest, ARecordingSendsTheSame) {
  Delivery delivery(&world_, kDraw);
  Recording recording(world_, kDraw);
  EXPECT_EQ(Texts(ReadAll(world_, recording)),
            Texts(ReadAll(world_, delivery)));
}

TEST_F(DeliveryTest, PartsTogetherAreTheWhole) {
  Delivery whole(&world_, kDraw);
  std::vector<Sent> together;
  for (int i = 0; i < 3; ++i) {
    const UnitPart part = {.number = i, .of = 3};
    Delivery delivery(&world_, kDraw, part);
    const std::vector<Sent> sent = ReadAll(world_, delivery);
    Recording recording(world_, kDraw, part);
    EXPECT_EQ(Texts(ReadAll(world_, recording)), Texts(sent));
    EXPECT_GT(sent.size(), 100);
    together.insert(together.end(), sent.begin(), sent.end());
  }
  std::sort(together.begin(), together.end(), Earlier);
  EXPECT_EQ(Texts(together), Texts(ReadAll(world_, whole)));
}

}  // namespace
}  // namespace stagecraft::simulations
