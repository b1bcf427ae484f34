import { NftFake } from '../../../node-agent/proxy/nft-fake.ts';
import { nftContract } from '../../contract/nft.ts';

describe('nft fake', () => nftContract(() => Promise.resolve(new NftFake())));
