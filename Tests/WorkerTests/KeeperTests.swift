import Foundation
import Inference
import Reading
import TestSupport
import Testing

@testable import docproc_worker

/// Where states are kept, and what lies on a worker's disk.
@Suite struct KeeperTests {
  private func trail(_ tokens: Int) -> ReadingTrail {
    ReadingTrail(opening: [1, 2, 3], ids: Array(repeating: 7, count: tokens), focus: nil)
  }

  @Test func placesGetCloserToTheEndAndLieOnTheGrid() {
    let places = Keeper.places(trail(300_000))
    #expect(places.allSatisfy { ($0 + 3) % ReadingGrid.block == 0 })
    #expect(places == places.sorted() && places.count == 5)
    // What changed in the last hundredth of a text leaves the last place to go on from.
    #expect(Double(places.last ?? 0) > 0.96 * 300_000)
    #expect(Keeper.places(trail(16_000)).isEmpty, "what is soon read again is not kept")
    #expect(Keeper.places(trail(20_000)).count == 1)
    #expect(Keeper.places(trail(100_000_000)).count == 8)
    #expect(Keeper.places(trail(0)).isEmpty)
  }

  @Test func theDiskHoldsWhatWasUsedLast() throws {
    let folder = try TemporaryDirectory()
    let cache = ReadingCache(folder: folder.path + "/readings", mostBytes: 250)
    for (number, name) in ["a", "b"].enumerated() {
      cache.store([UInt8](repeating: UInt8(number), count: 100), name)
      let past = Date().addingTimeInterval(Double(number) * 10 - 100)
      try FileManager.default.setAttributes(
        [.modificationDate: past], ofItemAtPath: "\(cache.folder)/\(name).state")
    }
    #expect(cache.payload("a")?.count == 100, "and so it is used")
    cache.store([UInt8](repeating: 3, count: 100), "c")
    #expect(cache.payload("b") == nil)
    #expect(cache.payload("a") != nil && cache.payload("c") == [UInt8](repeating: 3, count: 100))
    cache.remove("c")
    #expect(cache.payload("c") == nil)
    cache.store([UInt8](repeating: 4, count: 300), "d")
    #expect(cache.payload("d") == nil, "larger than all of it")
    let off = ReadingCache(folder: folder.path + "/off", mostBytes: 0)
    off.store([1], "a")
    #expect(off.payload("a") == nil && !FileManager.default.fileExists(atPath: off.folder))
  }
}
