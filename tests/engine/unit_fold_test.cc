#include "engine/unit_fold.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/content_table.h"
#include "engine/fold_set.h"
#include "engine/population.h"
#include "engine/random.h"
#include "engine/record.h"
#include "engine/specs.h"
#include "gtest/gtest.h"
#include "tests/support/load.h"

namespace stagecraft::engine {
namespace {

UnitEvent MakeEvent(Micros time, uint64_t id_hash, uint32_t content = 0) {
  UnitEvent event;
  event.time = time;
  event.id_hash = id_hash;
  event.content = content;
  return event;
}

TEST(UnitFoldTest, PackedEventsTellTheirTimesAndIds) {
  EXPECT_TRUE(AreBefore("", 0));
  UnitEvent valued = MakeEvent(20, 2);
  valued.has_value = true;
  valued.value = -7;
  UnitEvent texted = MakeEvent(30, 3, ContentTable::kNotInterned);
  texted.text = "a content";
  const std::string packed = PackAll({MakeEvent(10, 1), valued, texted});
  EXPECT_FALSE(AreBefore(packed, 29));
  EXPECT_FALSE(AreBefore(packed, 30));
  EXPECT_TRUE(AreBefore(packed, 31));
  EXPECT_EQ(WouldAdd(MakeEvent(40, 4), packed), AddOutcome::kAdded);
  EXPECT_EQ(WouldAdd(MakeEvent(40, 2), packed), AddOutcome::kDuplicate);
  EXPECT_EQ(WouldAdd(MakeEvent(19, 2), packed), AddOutcome::kReplaced);
  EXPECT_EQ(WouldAdd(MakeEvent(30, 3), packed), AddOutcome::kDuplicate);
}

// The books of a journey and eight experiments.
struct Books {
  explicit Books(const ContentTable* contents) {
    Specs specs;
    specs.journeys = {testing::MakeLoadJourney()};
    specs.experiments = testing::MakeLoadExperiments(specs.journeys[0]);
    FoldedSpecs fresh;
    set = std::make_unique<FoldSet>(Compile(specs, {}, 0, &fresh), contents);
    folder = std::make_unique<UnitFolder>(set.get());
  }
  std::unique_ptr<FoldSet> set;
  std::unique_ptr<UnitFolder> folder;
};

// A unit that grows by a few events at a time contributes what it does as a
// whole, also if some or all of its events are looked at by no specification.
TEST(UnitFoldTest, AppendingIsAddingAsAWhole) {
  const testing::Load load({.events = 1});
  ContentTable contents;
  std::vector<std::string> texts;
  for (const testing::Load::Content& content : load.contents()) {
    EncodeContent(content.name, content.attributes, &texts.emplace_back());
  }
  // Every third one finds no room in the table.
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i % 3 != 0) contents.Intern(texts[i]);
  }
  Random random(3);
  int changed = 0;
  for (int unit = 0; unit < 300; ++unit) {
    std::vector<UnitEvent> events;
    Micros time = testing::kLoadBegin;
    for (uint64_t i = 0, size = 1 + random.Below(9); i < size; ++i) {
      time += 1 + static_cast<Micros>(random.Below(30)) * kHour;
      UnitEvent event = MakeEvent(time, i);
      // Of one kind of people, exposures and others alike.
      const uint64_t names = texts.size() / 16;
      const uint64_t name = random.Below(2) == 0
                                ? random.Below(testing::kLoadStageCount + 1)
                                : random.Below(names);
      const std::string& text = texts[16 * name + unit % 16];
      if ((16 * name + unit % 16) % 3 != 0) {
        event.content = contents.Intern(text);
      } else {
        event.content = ContentTable::kNotInterned;
        event.text = text;
      }
      event.has_value = random.Below(2) == 0;
      event.value = event.has_value ? 1'000'000 : 0;
      events.push_back(event);
    }
    Books grown(&contents);
    Books whole(&contents);
    for (size_t begin = 0; begin < events.size();) {
      const size_t size =
          std::min<size_t>(1 + random.Below(3), events.size() - begin);
      const absl::Span<const UnitEvent> all = events;
      grown.folder->Append(PackAll(all.subspan(0, begin)),
                           all.subspan(begin, size), /*late=*/false);
      begin += size;
    }
    grown.folder->Flush();
    whole.folder->Add(events, 1);
    whole.folder->Flush();
    for (size_t spec = 0; spec < whole.set->size(); ++spec) {
      const Tallies tallies = whole.set->book(spec)->Read(
          [](const Tallies& of_book) { return of_book; });
      grown.set->book(spec)->Read([&](const Tallies& of_book) {
        ASSERT_TRUE(of_book == tallies) << unit << " " << spec;
      });
      changed += tallies == tallies.Zero() ? 0 : 1;
    }
  }
  EXPECT_GT(changed, 500);
}

}  // namespace
}  // namespace stagecraft::engine
