import type { Random } from './random.ts';

export type Language = 'th' | 'en';
/** One word in both languages. */
export type Word = Record<Language, string>;
export type Slots = Record<string, Word>;

const pairs = (text: string): Word[] =>
  text
    .trim()
    .split('\n')
    .flatMap((line) => line.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [th, en] = pair.split('=');
      return { th: (th ?? '').trim(), en: (en ?? th ?? '').trim() };
    });

/** People around David and Angela. Nobody else's talk uses these names. */
export const friends = pairs(`
พี่เอก=Ek; น้องมิ้นต์=Mint; คุณนพดล=Noppadon; พี่แอน=Anne; น้องบีม=Beam; คุณวิภา=Wipa; พี่ต้น=Ton; คุณกานต์=Karn; น้องพลอย=Ploy; พี่หนุ่ม=Num
คุณสมชาย=Somchai; น้องแพร=Prae; พี่โจ้=Joe; คุณรัตน์=Rat; น้องใหม่=Mai; พี่เก่ง=Keng; คุณดาว=Dao; น้องฟ้า=Fah; พี่บอย=Boy; คุณอร=Orn
`);

/** People in everyone else's talk. */
export const strangers = pairs(`
พี่ชัย=Chai; น้องส้ม=Som; คุณประเสริฐ=Prasert; พี่นก=Nok; น้องเจ=Jay; คุณมาลี=Malee; พี่ตู่=Tu; คุณวิทย์=Wit; น้องขวัญ=Kwan; พี่เล็ก=Lek
คุณธีระ=Teera; น้องปาล์ม=Palm; พี่หมู=Moo; คุณศรี=Sri; น้องเนย=Noey; พี่กบ=Kob; คุณจิต=Jit; น้องเก้า=Kao; พี่แดง=Daeng; คุณพร=Porn
ลุงสม=Uncle Som; ป้านิด=Aunt Nid; Tomas=Tomas; Greta=Greta; Ibrahim=Ibrahim; Yuki=Yuki; Marco=Marco; Hanna=Hanna; Leo=Leo; Sofia=Sofia
`);

const food = pairs(`
ข้าวซอย=khao soi; ต้มยำกุ้ง=tom yum; ผัดไทย=pad thai; ส้มตำ=papaya salad; แกงเขียวหวาน=green curry; ข้าวมันไก่=chicken rice; ก๋วยเตี๋ยวเรือ=boat noodles; หมูปิ้ง=grilled pork
ข้าวเหนียวมะม่วง=mango sticky rice; โจ๊ก=rice porridge; แกงมัสมั่น=massaman curry; ลาบ=larb; ไก่ทอด=fried chicken; ปลาเผา=grilled fish; ขนมจีน=kanom jeen; ผัดกะเพรา=basil pork
ซูชิ=sushi; พาสต้า=pasta; แพนเค้ก=pancakes; สเต็ก=steak; ราเมน=ramen; พิซซ่า=pizza; สลัด=a salad; ซุปฟักทอง=pumpkin soup; ไข่เจียว=an omelette; เกี๊ยวน้ำ=wonton soup
บะหมี่แห้ง=dry noodles; แกงส้ม=sour curry; ข้าวผัดปู=crab fried rice; ชาบู=shabu; หอยทอด=oyster omelette; ขนมครก=coconut pancakes
`);

const item = pairs(`
หูฟัง=headphones; กล้องฟิล์ม=a film camera; รองเท้าวิ่ง=running shoes; โคมไฟ=a lamp; สมุดโน้ต=a notebook; แก้วกาแฟ=a coffee mug; กีตาร์=a guitar; เสื้อกันหนาว=a sweater; จักรยาน=a bicycle; นาฬิกา=a watch
คีย์บอร์ด=a keyboard; ผ้าห่ม=a blanket; ร่ม=an umbrella; กระเป๋าหนัง=a leather bag; หม้อหุงข้าว=a rice cooker; ต้นบอนสี=a caladium; เก้าอี้โยก=a rocking chair; ลำโพง=a speaker; แว่นตา=glasses; ปากกา=a fountain pen
เตาอบ=an oven; กระเป๋าเดินทาง=a suitcase; หมวกกันน็อก=a helmet; จิ๊กซอว์=a jigsaw puzzle
`);

const activity = pairs(`
วิ่ง=running; ว่ายน้ำ=swimming; โยคะ=yoga; ตีแบด=badminton; ปั่นจักรยาน=cycling; วาดรูป=drawing; เล่นกีตาร์=playing the guitar; อ่านหนังสือ=reading; ทำสวน=gardening; ถ่ายรูป=taking photos
ทำขนม=baking; เต้น=dancing; ปีนเขา=climbing; ตกปลา=fishing; เรียนภาษาญี่ปุ่น=learning Japanese; เขียนบันทึก=writing a diary; ต่อเลโก้=building Lego; นั่งสมาธิ=meditating; ดูนก=watching birds; เล่นหมากรุก=playing chess
`);

const time = pairs(`
ตีห้าครึ่ง=half past five; หกโมงเช้า=six in the morning; เจ็ดโมง=seven; แปดโมงครึ่ง=half past eight; เก้าโมง=nine; สิบโมง=ten; สิบเอ็ดโมง=eleven; เที่ยง=noon; บ่ายโมง=one; บ่ายสอง=two in the afternoon
บ่ายสาม=three; สี่โมงเย็น=four; ห้าโมง=five; หกโมงเย็น=six in the evening; ทุ่มหนึ่ง=seven in the evening; สองทุ่ม=eight at night; สามทุ่มครึ่ง=half past nine; สี่ทุ่ม=ten at night; ห้าทุ่ม=eleven at night; เที่ยงคืน=midnight
`);

const day = pairs('วันจันทร์=Monday; วันอังคาร=Tuesday; วันพุธ=Wednesday; วันพฤหัส=Thursday; วันศุกร์=Friday; วันเสาร์=Saturday; วันอาทิตย์=Sunday');

const city = pairs(`
เชียงใหม่=Chiang Mai; น่าน=Nan; ภูเก็ต=Phuket; กระบี่=Krabi; เกาะเต่า=Koh Tao; เขาใหญ่=Khao Yai; หัวหิน=Hua Hin; อยุธยา=Ayutthaya; สุโขทัย=Sukhothai; เชียงราย=Chiang Rai
เกียวโต=Kyoto; โอซาก้า=Osaka; ไทเป=Taipei; ฮานอย=Hanoi; สิงคโปร์=Singapore; โซล=Seoul; ปีนัง=Penang; หลวงพระบาง=Luang Prabang; ลิสบอน=Lisbon; ปราก=Prague; ระยอง=Rayong; ตราด=Trat
`);

const ache = pairs(
  'ปวดหัว=a headache; ปวดหลัง=back pain; เจ็บคอ=a sore throat; เป็นหวัด=a cold; ปวดท้อง=a stomach ache; ตาล้า=tired eyes; นอนไม่หลับ=a sleepless night; ปวดคอ=a stiff neck; ไอ=a cough; เท้าพลิก=a twisted ankle; เป็นไข้=a fever; ปวดฟัน=a toothache',
);

const weather = pairs(
  'ฝนตกหนัก=heavy rain; แดดแรง=strong sun; ลมหนาว=a cold wind; ฟ้าครึ้ม=grey skies; หมอกลง=fog; พายุเข้า=a storm; อากาศเย็น=cool air; ร้อนอบอ้าว=sticky heat',
);

const animal = pairs(
  'แมวส้ม=an orange cat; หมาชิบะ=a shiba; นกแก้ว=a parrot; กระต่าย=a rabbit; เต่า=a turtle; แมวดำ=a black cat; ปลากัด=a fighting fish; กระรอก=a squirrel; หมาพันธุ์ทาง=a stray dog; นกฮูก=an owl',
);

const skill = pairs(
  'TypeScript; PostgreSQL; Docker; การแปลบทกวี=translating poems; การชงกาแฟดริป=pour-over coffee; การจัดการเวลา=managing time; การพูดต่อหน้าคน=public speaking; React; Python; การลงทุน=investing; การเขียนเทสต์=writing tests; Kubernetes; การถ่ายภาพกลางคืน=night photography; การทำพอดแคสต์=podcasting',
);

const first = 'Silver Quiet Blue Paper Golden Little Northern Hidden Winter Velvet Copper Amber Crystal Gentle Distant Morning'.split(' ');
const second = 'Lantern River Garden Harbor Compass Orchid Falcon Mirror Bridge Meadow Signal Temple Comet Island Window Thread'.split(' ');
const shopNames = pairs(`
บัวคำ=Bua Kham; บ้านสวน=Baan Suan; สายลม=Sai Lom; ดอกรัก=Dok Rak; ใบไม้=Bai Mai; ริมคลอง=Rim Khlong; ฟ้าใส=Fah Sai; เมล็ดดี=Malet Dee; หลังบ้าน=Lang Baan; แสงแรก=Saeng Raek
อุ่นไอ=Aun Ai; ทุ่งทอง=Thung Thong; นกน้อย=Nok Noi; จันทร์หอม=Chan Hom; คุ้นเคย=Khun Khoei; ยามเย็น=Yam Yen
`);

/** What a person feels, and the word Angela's own tables use for it. */
export type Feeling = Word & { name: string; warm: boolean };
export const feelings: Feeling[] = [
  { name: 'tiredness', th: 'เหนื่อย', en: 'tired', warm: false },
  { name: 'stress', th: 'เครียด', en: 'stressed', warm: false },
  { name: 'sadness', th: 'เศร้า', en: 'sad', warm: false },
  { name: 'loneliness', th: 'เหงา', en: 'lonely', warm: false },
  { name: 'worry', th: 'กังวล', en: 'worried', warm: false },
  { name: 'anger', th: 'โกรธ', en: 'angry', warm: false },
  { name: 'disappointment', th: 'ผิดหวัง', en: 'disappointed', warm: false },
  { name: 'fear', th: 'กลัว', en: 'scared', warm: false },
  { name: 'joy', th: 'มีความสุข', en: 'happy', warm: true },
  { name: 'excitement', th: 'ตื่นเต้น', en: 'excited', warm: true },
  { name: 'pride', th: 'ภูมิใจ', en: 'proud', warm: true },
  { name: 'gratitude', th: 'ซาบซึ้ง', en: 'grateful', warm: true },
  { name: 'relief', th: 'โล่งใจ', en: 'relieved', warm: true },
  { name: 'hope', th: 'มีความหวัง', en: 'hopeful', warm: true },
  { name: 'love', th: 'รักมาก', en: 'full of love', warm: true },
  { name: 'empathy', th: 'สงสาร', en: 'sorry for them', warm: false },
];

const places = pairs('ร้าน=the %s place; คาเฟ่=cafe %s; ร้านหนังสือ=%s bookshop; ตลาด=%s market; สวน=%s park');

const same = (word: string): Word => ({ th: word, en: word });

/** Fills every slot a frame may name, anew for each conversation. */
export function slotsFor(random: Random, people: readonly Word[]): Slots {
  const shop = random.pick(shopNames);
  const kind = random.pick(places);
  const one = random.pick(people);
  const dish = random.pick(food);
  const others = people.filter((person) => person !== one);
  return {
    person: one,
    person2: random.pick(others),
    food: dish,
    food2: random.pick(food.filter((other) => other !== dish)),
    item: random.pick(item),
    activity: random.pick(activity),
    time: random.pick(time),
    day: random.pick(day),
    city: random.pick(city),
    ache: random.pick(ache),
    weather: random.pick(weather),
    animal: random.pick(animal),
    skill: random.pick(skill),
    number: same(String(random.between(2, 98))),
    price: same(String(random.between(12, 480) * 10)),
    place: { th: kind.th + shop.th, en: kind.en.replace('%s', shop.en) },
    project: same(`${random.pick(first)} ${random.pick(second)}`),
    title: same(`${random.pick(first)} ${random.pick(second)}`),
  };
}

/** Puts the words of `language` into a frame such as `ไปกับ {person}`. */
export function fill(frame: string, slots: Slots, language: Language): string {
  return frame.replace(/\{(\w+)\}/g, (_, name: string) => {
    const word = slots[name];
    if (word === undefined) throw new Error(`no slot ${name} for: ${frame}`);
    return word[language];
  });
}
