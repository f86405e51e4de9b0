"""python3 tools/tlgen/tlgen_test.py: what becomes of layers when they are merged."""
from __future__ import annotations

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

import append_only
import golden
import merge
import parse_json
import parse_tl
import stored
from model import Schema, computed_id
from sources import Sources


def schema(text: str, layer: int = 0) -> Schema:
    return parse_tl.parse(text, f"layer {layer}", layer)


def model(layers: dict[int, str], records: str = "", kept: str = "") -> merge.Model:
    return merge.build(sources(layers, records, kept))


def sources(layers: dict[int, str], records: str = "", kept: str = "") -> Sources:
    packaged = [schema(text, layer) for layer, text in sorted(layers.items())]
    return Sources(packaged, schema(""), schema(records), schema(kept), "{}")


def members(struct: merge.Struct) -> list[str]:
    return [f"{m.name}:{'?' if m.optional else ''}{m.type}" for m in struct.members]


class Parsing(unittest.TestCase):
    def test_a_definition_comes_back_as_it_was(self):
        for line in (
            "invokeWithLayer#da9b0d0d {X:Type} layer:int query:!X = X;",
            "user#1 flags:# bot:flags.0?true names:flags.1?Vector<string> = User;",
            "future_salts#ae500895 req_msg_id:long salts:vector<future_salt> = FutureSalts;",
        ):
            self.assertEqual([str(d) for d in schema(line).definitions.values()], [line.replace("#1 ", "#00000001 ")])

    def test_an_id_left_out_is_the_crc_of_the_words(self):
        self.assertEqual(computed_id("boolTrue = Bool"), 0x997275B5)
        self.assertEqual(computed_id("inputPeerUser user_id:long access_hash:long = InputPeer"), 0xDDE8A54C)

    def test_json_says_the_same_as_text(self):
        text = '[{"kind":"class","name":"mt_a","id":5,"type":"A","arguments":[{"name":"flags","type":"#"},' \
               '{"name":"b","type":"int53","typeModifiers":{"predicate":"flags.3","isVector":true}}]}]'
        parsed = list(parse_json.parse(text, "json").definitions.values())
        self.assertEqual([str(d) for d in parsed], ["a#00000005 flags:# b:flags.3?Vector<long> = A;"])

    def test_one_id_for_two_definitions_is_refused(self):
        with self.assertRaises(SystemExit):
            schema("a#1 x:int = A;\nb#1 x:int = B;")


class Merging(unittest.TestCase):
    def test_a_wider_number_is_the_same_field(self):
        a = model({1: "a#1 x:int = A;", 2: "a#2 x:long = A;"}).struct("a")
        self.assertEqual(members(a), ["x:long"])

    def test_optional_in_any_layer_is_optional(self):
        a = model({1: "a#1 flags:# x:flags.0?int = A;", 2: "a#2 x:int = A;"}).struct("a")
        self.assertEqual(members(a), ["x:?int"])

    def test_a_form_that_does_not_fit_is_a_field_of_its_own(self):
        a = model({1: "a#1 x:string = A;", 3: "a#2 x:Text = A;\ntext#3 = Text;"}).struct("a")
        self.assertEqual(members(a), ["x:Text", "x_until_1:string"])

    def test_a_flag_renamed_under_one_id_is_the_same_flag(self):
        a = model({1: "a#1 flags:# gifs:flags.6?true = A;", 2: "a#1 flags:# videos:flags.6?true = A;"}).struct("a")
        self.assertEqual(members(a), ["videos:true"])

    def test_an_id_decodes_with_the_flags_of_all_layers(self):
        m = model({1: "a#1 flags:# old:flags.0?true = A;", 2: "a#1 flags:# new:flags.2?true = A;"})
        self.assertEqual(str(m.by_id[1][1]), "a#00000001 flags:# new:flags.2?true old:flags.0?true = A;")

    def test_a_form_serves_up_to_the_next_packaged_layer(self):
        m = model({1: "a#1 x:int = A;", 5: "a#1 x:int = A;", 9: "a#2 y:int = A;"})
        forms = {v.definition.id: merge.ranges(v, m.layers) for v in m.struct("a").variants}
        self.assertEqual(forms, {2: [(9, merge.FOREVER)], 1: [(1, 8)]})


class Stored(unittest.TestCase):
    LAYERS = {1: "e#1 x:int = E;\nf#2 = F;"}

    def test_what_a_record_reaches_is_missing_until_stored(self):
        everything = sources(self.LAYERS, "record.a#9 e:E = record.A;")
        missing = stored.missing(merge.build(everything), everything)
        self.assertEqual([d.name for d in missing], ["e", "record.a"])

    def test_a_changed_record_keeps_its_old_form(self):
        m = model({}, "record.a#9 x:int y:int = record.A;", "record.a#8 x:int = record.A;")
        a = m.struct("record.a")
        self.assertEqual([v.definition.id for v in a.variants], [9, 8])
        self.assertIs(m.by_id[8][0], a)
        self.assertIn(merge.STORED, a.variants[0].layers)

    def test_the_last_stored_form_is_written_whatever_packages_say(self):
        m = model({1: "e#1 x:int = E;", 2: "e#5 x:int y:int = E;"}, "", "e#1 x:int = E;")
        written = [v.definition.id for v in m.struct("e").variants if merge.STORED in v.layers]
        self.assertEqual(written, [1])

    def test_a_changed_line_is_found(self):
        everything = sources(self.LAYERS, "", "e#1 x:long = E;")
        self.assertEqual(len(stored.changed(merge.build(everything), everything)), 1)


class Golden(unittest.TestCase):
    FORMS = "a#1 x:int = A;\nb#2 flags:# on:flags.0?true s:flags.3?string a:Vector<A> = B;"

    def setUp(self):
        self.text = golden.appended(schema(self.FORMS), "")

    def test_every_field_is_set_and_written_by_the_letter(self):
        forms = schema("c#5 flags:# on:flags.4?true n:flags.1?int = C;")
        form = forms.definitions[5]
        data, value = golden.Writer(forms, form).boxed(form, 0)
        self.assertEqual(data.hex(), "05000000" "12000000" + value["n"].to_bytes(4, "little", signed=True).hex())
        self.assertTrue(value["on"])

    def test_lines_are_added_and_none_is_written_again(self):
        self.assertEqual([golden.form_of(line) for line in golden.lines(self.text)], ["a#00000001", "b#00000002"])
        more = schema(self.FORMS + "\na#3 x:int y:long = A;")
        later = golden.appended(more, self.text)
        self.assertTrue(later.startswith(self.text))
        self.assertEqual(len(golden.lines(later)), 3)
        self.assertEqual(golden.appended(more, later), later)

    def test_a_form_without_a_line_is_missing(self):
        self.assertEqual([d.name for d in golden.missing(schema(self.FORMS + "\nd#4 = D;"), self.text)], ["d"])
        self.assertEqual(golden.missing(schema(self.FORMS), self.text), [])

    def test_a_line_that_was_touched_moved_or_taken_out_is_noticed(self):
        self.assertEqual(golden.touched(self.text), [])
        first, second = golden.lines(self.text)
        self.assertEqual(golden.touched(f"{first}\n{second[:-2]}0}}"), ["b#00000002"])
        self.assertEqual(golden.touched(f"{second}\n{first}"), ["b#00000002"])
        self.assertEqual(golden.touched(second), ["b#00000002"])


class AppendOnly(unittest.TestCase):
    def test_what_was_committed_stays_in_its_order(self):
        stored, bytes_of = append_only.FILES["schema/stored.tl"], append_only.FILES["schema/golden.txt"]
        for before, present, name, good in (
            ("a#1\nb#2", "// new words\na#1\nb#2\na#3", stored, True),
            ("a#1\nb#2", "b#2\na#1", stored, True),  # The order of names says nothing.
            ("a#1\na#3", "a#3\na#1", stored, False),
            ("a#1\nb#2", "a#1", stored, False),
            ("a#1\nb#2", "a#1 x\nb#2", stored, False),
            ("0 a#1\n1 b#2", "0 a#1\n1 b#2\n2 c#3", bytes_of, True),
            ("0 a#1\n1 b#2", "1 b#2\n0 a#1", bytes_of, False),
        ):
            self.assertEqual(append_only.only_grew(before, present, name), good, (before, present))


if __name__ == "__main__":
    unittest.main()
